import Bytes
import Columnar
import Parquet
import Synchronization

/// Collects binary rows into the row groups of a Parquet file.
///
/// The turns of `OrderedOutput` order all calls.
final class ParquetTarget: RowTarget, @unchecked Sendable {
  let isSeekable = false
  private let file: OutputTarget
  private let writer: ParquetFileWriter
  private let options: WriterOptions
  private var builders: [ColumnBuilder]
  private let columns: [WriterColumn]
  /// Fields that are written as one with the next: times and what microseconds leave of them.
  private let joined: [Int]
  private var rowCount = 0
  private var byteCount = 0

  init(file: OutputTarget, columns: [QueryColumn]) throws {
    self.file = file
    let rowFields = BinaryRows.fields(columns)
    joined = rowFields.indices.filter {
      $0 + 1 < rowFields.count
        && Int96Remainder.time(of: rowFields[$0 + 1].name) == rowFields[$0].name
    }
    var fields = rowFields
    for index in joined.reversed() {
      if case .timestamp(_, let isUTC) = fields[index].type {
        fields[index] = Field(fields[index].name, .timestamp(.nanoseconds, isUTC: isUTC))
      }
      fields.remove(at: index + 1)
    }
    var names: Set<String> = []
    for field in fields where !names.insert(field.name).inserted {
      throw QueryError(
        .output, "column '\(field.name)' would be twice in the Parquet file",
        remedy: "name it once; the nanoseconds of a time go with it")
    }
    self.columns = fields.map { WriterColumn($0) }
    var options = WriterOptions()
    options.allowsNaN = true
    self.options = options
    builders = rowFields.map { ColumnBuilder(type: $0.type) }
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
        try flush()
      }
    }
    return true
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    preconditionFailure("a Parquet file is written in order")
  }

  func finish() throws -> Bool {
    try flush()
    _ = try writer.finish()
    return try file.finish()
  }

  private func flush() throws {
    if rowCount == 0 { return }
    var rows = builders.indices.map { builders[$0].finish() }
    for index in joined.reversed() {
      try rows[index].join(rows[index + 1])
      rows.remove(at: index + 1)
    }
    let taken = rows
    let columns = columns
    let options = options
    let rowCount = rowCount
    let chunks = ChunkSlots(count: columns.count)
    try Parallel.forEach(columns.count) { index in
      let encoder = ColumnChunkEncoder(column: columns[index], options: options)
      chunks.set(index, try encoder.encode(taken[index], rows: 0..<rowCount))
    }
    try writer.append(rowGroup: chunks.all, rowCount: rowCount)
    self.rowCount = 0
    byteCount = 0
  }
}

/// Results of threads, each in its place.
private final class ChunkSlots: Sendable {
  private let slots: Mutex<[EncodedColumnChunk?]>

  init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ chunk: EncodedColumnChunk) { slots.withLock { $0[index] = chunk } }

  var all: [EncodedColumnChunk] { slots.withLock { $0.compactMap { $0 } } }
}

extension Column {
  /// Makes times of microseconds and what those leave one time of nanoseconds.
  ///
  /// - Throws: `QueryError.output` where nanoseconds do not reach.
  fileprivate mutating func join(_ remainders: Column) throws {
    guard case .integers(var values) = storage, case .integers(let rest) = remainders.storage,
      case .timestamp(_, let isUTC) = type
    else { return }
    storage = .integers([])
    for row in values.indices {
      let (whole, overflow) = values[row].multipliedReportingOverflow(by: 1_000)
      let (sum, carry) = whole.addingReportingOverflow(rest[row])
      if overflow || carry {
        throw QueryError(
          .output, "an INT96 time outside 1677 to 2262, which Parquet's nanoseconds reach",
          remedy: "write CSV or JSON lines, or leave the column out with --columns")
      }
      values[row] = sum
    }
    storage = .integers(values)
    type = .timestamp(.nanoseconds, isUTC: isUTC)
  }
}
