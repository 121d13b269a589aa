import Columnar
import Parquet
import Platform
import Synchronization

/// Collects binary rows into the row groups of a Parquet file.
///
/// `OrderedOutput` serializes all calls.
final class ParquetTarget: RowTarget, @unchecked Sendable {
  let isSeekable = false
  private let file: OutputTarget
  private let writer: ParquetFileWriter
  private let options: WriterOptions
  private var builders: [ColumnBuilder]
  private let columns: [WriterColumn]
  private let joiner: TimeJoiner
  private var rowCount = 0
  private var byteCount = 0
  private var writtenRowCount = 0

  /// - Parameter forms: How INT96 times are stored, by column.
  init(file: OutputTarget, columns: [QueryColumn], forms: [String: Int96Form]) throws {
    self.file = file
    let joiner = try TimeJoiner(columns, forms: forms)
    self.joiner = joiner
    self.columns = joiner.fields.map {
      var column = WriterColumn($0)
      column.isInt96 = joiner.int96Names.contains($0.name)
      return column
    }
    var options = WriterOptions()
    options.allowsNaN = true
    self.options = options
    builders = joiner.rowFields.map { ColumnBuilder(type: $0.type) }
    writer = try ParquetFileWriter(
      fileDescriptor: file.descriptor, path: file.path, columns: self.columns, options: options)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var at = 0
    while at < bytes.count {
      let start = at
      for index in builders.indices { builders[index].take(base, &at) }
      rowCount += 1
      byteCount += at - start
      if rowCount == options.rowGroupRowCountMax || byteCount >= options.rowGroupByteCountMax {
        if try !OutputTarget.unlessClosed({ try flush() }) { return false }
      }
    }
    return true
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    preconditionFailure("a Parquet file is written in order")
  }

  func finish() throws -> Bool {
    let isOpen = try OutputTarget.unlessClosed {
      try flush()
      _ = try writer.finish()
    }
    return try isOpen && file.finish()
  }

  private func flush() throws {
    if rowCount == 0 { return }
    var joined = builders.indices.map { builders[$0].finish() }
    try joiner.join(&joined, firstRow: writtenRowCount + 1)
    let taken = joined
    let columns = columns
    let options = options
    let rowCount = rowCount
    let chunks = ChunkSlots(count: columns.count)
    try Parallel.forEach(columns.count) { index in
      let encoder = ColumnChunkEncoder(column: columns[index], options: options)
      chunks.set(index, try encoder.encode(taken[index], rows: 0..<rowCount))
    }
    try writer.append(rowGroup: chunks.all, rowCount: rowCount)
    writtenRowCount += rowCount
    self.rowCount = 0
    byteCount = 0
  }
}

/// Results of threads, by index.
private final class ChunkSlots: Sendable {
  private let slots: Mutex<[EncodedColumnChunk?]>

  init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ chunk: EncodedColumnChunk) { slots.withLock { $0[index] = chunk } }

  var all: [EncodedColumnChunk] { slots.withLock { $0.compactMap { $0 } } }
}
