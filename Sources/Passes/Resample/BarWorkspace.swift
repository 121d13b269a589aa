import Catalog
import Parquet
import Synchronization

/// Buffers of one thread, reused for each date: fresh memory costs more than the work done in it.
final class BarWorkspace {
  let encoder: BarEncoder
  /// The source rows being processed.
  let source = BarColumns()
  private var rowsByOutput: [Int: BarColumns] = [:]

  init(encoder: BarEncoder) { self.encoder = encoder }

  /// The bars of an output that are being made.
  func rows(_ output: Int) -> BarColumns {
    if let rows = rowsByOutput[output] { return rows }
    let rows = BarColumns()
    rowsByOutput[output] = rows
    return rows
  }
}

/// Unused workspaces.
final class BarWorkspacePool: Sendable {
  /// Invariant: a workspace has one user until it is returned.
  private struct Box: @unchecked Sendable { let workspace: BarWorkspace }

  private let free = Mutex<[Box]>([])
  private let schema: TableSchema
  private let options: WriterOptions

  init(schema: TableSchema, options: WriterOptions) {
    self.schema = schema
    self.options = options
  }

  func withWorkspace<R>(_ body: (BarWorkspace) throws -> R) rethrows -> R {
    let box = free.withLock { $0.popLast() } ?? makeBox()
    defer { free.withLock { $0.append(box) } }
    return try body(box.workspace)
  }

  private func makeBox() -> Box {
    Box(workspace: BarWorkspace(encoder: BarEncoder(schema: schema, options: options)))
  }
}
