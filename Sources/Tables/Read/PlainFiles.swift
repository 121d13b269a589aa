import CSystem
import Columnar
import DeltaLog
import Glibc
import Parquet
import Platform
import Synchronization

/// The data files of a table as its log means them: without the rows that deletion vectors delete, and with the table's
/// column names.
///
/// Most files are so as they are. The others, of tables that other engines changed, are copied to staging when they are
/// read, so that whatever reads a file needs to know nothing of it. Safe for any number of threads.
package final class PlainFiles: Sendable {
  /// Rows that are copied at once.
  private static let spanRowMax = 131_072

  /// nil where files have the table's names.
  private let names: StoredNames?
  private let folder: DataFolder
  private let lakeRoot: String
  /// The table's columns that files have.
  private let fields: [Field]
  private let state: Mutex<State>

  private struct State {
    var run: StagingRun?
    var count = 0
    /// Copies that stay, by path and deletion vector.
    var copies: [String: String] = [:]
  }

  /// - Parameters:
  ///   - root: The table's folder.
  ///   - lakeRoot: The lake in whose staging copies lie; nil for that of the table, two levels above it.
  package init(_ snapshot: Snapshot, root: String, lakeRoot: String? = nil) {
    self.lakeRoot =
      lakeRoot ?? "/" + root.split(separator: "/").dropLast(2).joined(separator: "/")
    names = StoredNames(snapshot)
    folder = DataFolder(root: root)
    let partitions = Set(snapshot.partitionColumns)
    fields = snapshot.fields.filter { !partitions.contains($0.name) }
    state = Mutex(State())
  }

  deinit { state.withLock { $0.run?.finish() } }

  /// Whether the log's tags on files tell of what the table's columns are called now.
  package var keepsNames: Bool { names == nil }

  /// A reader of a file's rows, those that are deleted among them: `SegmentReader.liveRows(of:)` tells which are not.
  package func rawReader(of file: AddFile, fields: [Field]) throws -> SegmentReader {
    let path = try folder.path(of: file)
    return try SegmentReader(path: path, fields: fields, names: names) { rowCount in
      try file.deletionVector?.rows(in: self.folder, rowCount: rowCount)
    }
  }

  /// A reader of a file's live rows.
  ///
  /// - Parameter widens: As `SegmentReader` has it.
  package func reader(
    of file: AddFile, fields: [Field], widens: Bool = false
  ) throws -> SegmentReader {
    guard !isPlain(file) else {
      return try SegmentReader(
        path: try folder.path(of: file), fields: fields, widens: widens)
    }
    let copy = try makeCopy(of: file)
    // The bytes stay as long as the reader has them open.
    defer { lake_unlink(copy) }
    return try SegmentReader(path: copy, fields: fields, widens: widens)
  }

  /// The path of a file with the live rows, which is there as long as this object.
  package func path(of file: AddFile) throws -> String {
    if isPlain(file) { return try file.localPath(in: folder.root) }
    let key = file.path + "\u{0}" + (file.deletionVectorID ?? "")
    if let known = state.withLock({ $0.copies[key] }) { return known }
    let copy = try makeCopy(of: file)
    state.withLock { $0.copies[key] = copy }
    return copy
  }

  private func isPlain(_ file: AddFile) -> Bool { names == nil && file.deletionVector == nil }

  /// The path of a new file in staging.
  private func newPath() throws -> String {
    try state.withLock { state in
      let run = try state.run ?? StagingRun(root: lakeRoot)
      state.run = run
      state.count += 1
      return run.directory + "/\(state.count).parquet"
    }
  }

  private func makeCopy(of file: AddFile) throws -> String {
    let reader = try rawReader(of: file, fields: fields)
    let stored = fields.filter { reader.has($0.name) }
    let path = try newPath()
    var options = WriterOptions()
    options.sortingColumns = reader.declaredOrder(of: stored.map(\.name))
    let scratch = EncoderScratch(options: options)
    let columns = stored.map { WriterColumn($0) }
    let encoders = columns.map {
      ColumnChunkEncoder(column: $0, options: options, scratch: scratch)
    }
    let writer = try ParquetFileWriter(path: path, columns: columns, options: options)
    for group in reader.rowGroups {
      for start in stride(from: 0, to: group.count, by: Self.spanRowMax) {
        let rows = start..<min(start + Self.spanRowMax, group.count)
        let span = StoredSpan(rowGroup: group.rowGroup, rows: rows)
        let live = reader.liveRows(of: span).flatMap { $0.map { $0 - start } }
        if live.isEmpty { continue }
        let chunks = try zip(stored, encoders).map { field, encoder in
          let column = try reader.column(field, span)
          return try encoder.encode(
            live.count == rows.count ? column : column.rows(live), rows: 0..<live.count)
        }
        try writer.append(rowGroup: chunks, rowCount: live.count)
      }
    }
    _ = try writer.finish(isDurable: false)
    return path
  }
}
