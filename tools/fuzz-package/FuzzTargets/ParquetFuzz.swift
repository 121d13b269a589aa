import Columnar
import Parquet

/// The Parquet reader as a fuzz target: any bytes must end in values or in an error.
public enum ParquetFuzz {
  /// Opens the bytes as a file and reads all there is, in every way there is.
  public static func run(_ bytes: [UInt8]) {
    guard
      let reader = try? ParquetReader(
        bytes: bytes, name: "fuzz", verifiesChecksums: false, pageByteCountMax: pageByteCountMax)
    else { return }
    _ = reader.verify { _ in true }
    for rowGroup in reader.metadata.rowGroups.indices {
      readColumns(reader, rowGroup)
      readRows(reader, rowGroup)
    }
  }

  /// Rows that are read of a row group, and bytes that are printed of it: enough to meet every
  /// decoder, and little enough for many runs.
  private static let rowCountMax = 1 << 16
  private static let textByteCountMax = 1 << 22
  /// A page truly may hold 1 GiB and more in few bytes: a sound seed of the fuzzer's does.
  private static let pageByteCountMax = 1 << 26

  private static func readColumns(_ reader: ParquetReader, _ rowGroup: Int) {
    for leaf in reader.leaves.indices {
      _ = reader.statistics(rowGroup: rowGroup, leaf: leaf)
      _ = try? reader.pageStatistics(rowGroup: rowGroup, leaf: leaf)
      var column = Column(type: .long, storage: .integers([]))
      let rows = reader.rowCount(rowGroup: rowGroup)
      let whole = rows <= rowCountMax ? nil : 0..<rowCountMax
      if (try? reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: whole, into: &column)) != nil
      {
        readIntegers(reader, rowGroup, leaf, as: column)
      }
      let part = (rows / 3)..<Swift.min(rows / 2, rows / 3 + rowCountMax)
      try? reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: part, into: &column)
    }
  }

  /// Integers that are read into the caller's memory, in parts, are those of the column.
  private static func readIntegers(
    _ reader: ParquetReader, _ rowGroup: Int, _ leaf: Int, as column: Column
  ) {
    guard case .integers(let values) = column.storage, !values.isEmpty,
      let scanner = try? reader.makeColumnScanner(rowGroup: rowGroup, leaf: leaf)
    else { return }
    var found = [Int64](repeating: -1, count: values.count)
    var validity = [UInt8](repeating: 1, count: values.count)
    found.withUnsafeMutableBufferPointer { found in
      validity.withUnsafeMutableBufferPointer { validity in
        guard let target = found.baseAddress, let flags = validity.baseAddress else { return }
        var row = 0
        while row < found.count {
          let part = Swift.min(found.count - row, found.count / 3 + 1)
          let hasNulls = try? scanner.readIntegers(
            rows: part, into: target + row, validity: flags + row)
          precondition(hasNulls != nil, "what was read as a column can be read as integers")
          row += part
        }
      }
    }
    let expected = column.validity ?? [UInt8](repeating: 1, count: values.count)
    precondition(found == values && validity == expected, "both ways read the same rows")
  }

  private static func readRows(_ reader: ParquetReader, _ rowGroup: Int) {
    guard let cursor = try? reader.rows(rowGroup: rowGroup) else { return }
    var text = ValueText()
    for _ in 0..<4096 where text.bytes.count < textByteCountMax {
      guard let row = try? cursor.next() else { return }
      text.appendJSONLine(cursor.names, row)
      text.appendCSVLine(row)
    }
  }
}
