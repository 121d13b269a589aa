import Columnar
import Parquet
import TestSupport

@testable import Tables

/// Data files of a few rows in a temporary folder.
struct ToyFiles {
  let folder = TemporaryFolder()

  /// Writes columns as one Parquet file, with `groupRowMax` rows per row group.
  func write(
    _ name: String, _ columns: [(field: Field, values: Column)], groupRowMax: Int = 1_000_000,
    pageRowMax: Int? = nil
  ) throws -> String {
    let path = folder.path + "/" + name
    var options = WriterOptions()
    if let pageRowMax { options.pageRowCountMax = pageRowMax }
    let fields = columns.map(\.field)
    let writer = try ParquetFileWriter(
      path: path, columns: fields.map { WriterColumn($0) }, options: options)
    let rowCount = columns[0].values.count
    for first in stride(from: 0, to: rowCount, by: groupRowMax) {
      let rows = first..<min(first + groupRowMax, rowCount)
      let chunks = try columns.map { field, values in
        try ColumnChunkEncoder(column: WriterColumn(field), options: options)
          .encode(values, rows: rows)
      }
      try writer.append(rowGroup: chunks, rowCount: rows.count)
    }
    _ = try writer.finish()
    return path
  }
}

extension Column {
  static func integers(_ values: [Int64?], _ type: ColumnType = .long) -> Column {
    Column(
      type: type, storage: .integers(values.map { $0 ?? 0 }),
      validity: values.contains(nil) ? values.map { $0 == nil ? 0 : 1 } : nil)
  }

  static func texts(_ values: [String]) -> Column {
    Column(type: .string, storage: .bytes(ByteColumn(values)))
  }

  /// The values of an integer column, nil for null.
  var numbers: [Int64?] {
    guard case .integers(let values) = storage else { return [] }
    return values.indices.map { isNull($0) ? nil : values[$0] }
  }
}
