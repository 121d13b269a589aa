import Columnar
import Parquet

/// Collects binary rows into a Parquet file with nested columns, value by value.
///
/// `OrderedOutput` serializes all calls.
final class NestedTarget: RowTarget, @unchecked Sendable {
  let isSeekable = false
  private let file: OutputTarget
  private let writer: NestedParquetWriter
  private let columns: [QueryColumn]
  private let joiner: TimeJoiner
  private var builders: [ColumnBuilder]
  private var rowCount = 0
  private var writtenRowCount = 0

  /// Rows that are decoded at once.
  private static let rowCountMax = 4_096

  /// - Parameter forms: How INT96 times are stored, by column.
  init(file: OutputTarget, columns: [QueryColumn], forms: [String: Int96Form]) throws {
    self.file = file
    self.columns = columns
    let joiner = try TimeJoiner(columns, forms: forms)
    self.joiner = joiner
    builders = joiner.rowFields.map { ColumnBuilder(type: $0.type) }
    let nested = Dictionary(
      columns.compactMap { column in column.nested.map { (column.name, $0.type) } }
    ) { first, _ in first }
    var options = WriterOptions()
    options.allowsNaN = true
    writer = try NestedParquetWriter(
      fileDescriptor: file.descriptor, path: file.path,
      schema: joiner.fields.map {
        var field = NestedField($0.name, nested[$0.name] ?? .primitive($0.type))
        field.isInt96 = joiner.int96Names.contains($0.name)
        return field
      },
      options: options)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var at = 0
    while at < bytes.count {
      for index in builders.indices { builders[index].take(base, &at) }
      rowCount += 1
      if rowCount == Self.rowCountMax, try !OutputTarget.unlessClosed({ try flush() }) {
        return false
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

  /// The error for values of a nested column that differ in type between files, and for INT96 times in it that
  /// don't fit into nanoseconds.
  private static func mixed(_ error: ParquetError) -> QueryError {
    QueryError(
      .typeMismatch,
      "a nested column has values that no one type of Parquet holds: \(error.message)",
      at: error.placeText,
      remedy: "leave the column out (--columns), or write text: --format jsonl")
  }

  private func append(_ values: [Value]) throws {
    do throws(ParquetError) {
      try writer.append(values)
    } catch {
      if error.code == .value { throw Self.mixed(error) }
      throw error
    }
  }

  private func flush() throws {
    var taken = builders.indices.map { builders[$0].finish() }
    try joiner.join(&taken, firstRow: writtenRowCount + 1)
    let nested = Set(columns.filter { $0.nested != nil }.map(\.name))
    for row in 0..<rowCount {
      var values: [Value] = []
      for (column, field) in zip(taken, joiner.fields) {
        if column.isNull(row) {
          values.append(.null)
        } else if nested.contains(field.name), case .bytes(let text) = column.storage {
          values.append(
            text.bytes.withUnsafeBytes {
              NestedBytes.value(UnsafeRawBufferPointer(rebasing: $0[text.byteRange(row)]))
            })
        } else {
          values.append(Value(column: column, row: row, type: field.type))
        }
      }
      try append(values)
    }
    writtenRowCount += rowCount
    rowCount = 0
  }
}
