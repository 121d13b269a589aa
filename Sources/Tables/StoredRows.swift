import Bytes
import Catalog
import Columnar
import Parquet

/// The rows of stored data files, one by one.
package enum StoredRows {
  /// Columns that tell where a row came from, not what it says.
  package static func isProvenance(_ column: String) -> Bool {
    column == "requested_symbol" || column == TableSchema.ordinalColumn
  }

  /// Calls `body` with the row group, the row in it, the key and the content of every row.
  package static func forEachRow(
    path: String, fields: [Field], keyColumns: [String],
    _ body: (Int, Int, Fingerprint, Fingerprint) -> Void
  ) throws {
    let reader = try ParquetReader(path: path)
    for rowGroup in reader.metadata.rowGroups.indices {
      let rowCount = Int(reader.metadata.rowGroups[rowGroup].rowCount)
      var keys = [UInt64](repeating: 0, count: 2 * rowCount)
      var contents = keys
      let remainders = RemainderColumns(fields: fields)
      for field in fields {
        guard !remainders.isRemainder(field.name),
          let leaf = reader.leafIndex(named: field.name)
        else { continue }
        var column = Column(type: field.type, storage: .integers([]))
        try reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: nil, into: &column)
        if case .timestamp = field.type {
          try remainders.combine(&column, name: field.name, reader: reader, rowGroup: rowGroup)
        }
        if field.name == ExtraTime.column { ExtraTime.drop(from: &column) }
        let hash = RowHash(name: field.name, type: field.type.hashName)
        if keyColumns.contains(field.name) { hash.add(column, sums: &keys) }
        if !StoredRows.isProvenance(field.name) { hash.add(column, sums: &contents) }
      }
      for row in 0..<rowCount {
        body(
          rowGroup, row, RowHash.finalised(low: keys[2 * row], high: keys[2 * row + 1]),
          RowHash.finalised(low: contents[2 * row], high: contents[2 * row + 1]))
      }
    }
  }
}

/// Pairs of a timestamp in microseconds and its nanosecond remainder.
package struct RemainderColumns {
  package static let suffix = "_plus_ns"
  private let names: Set<String>

  package init(fields: [Field]) {
    let all = Set(fields.map(\.name))
    names = all.filter { $0.hasSuffix(Self.suffix) && all.contains(String($0.dropLast(8))) }
  }

  package func isRemainder(_ name: String) -> Bool { names.contains(name) }

  /// Whether a time has its nanoseconds in a column of their own.
  package func hasRemainder(_ time: String) -> Bool { names.contains(time + Self.suffix) }

  /// Makes whole nanoseconds of a column of microseconds.
  package func combine(
    _ column: inout Column, name: String, reader: ParquetReader, rowGroup: Int,
    rows: Range<Int>? = nil
  ) throws {
    guard case .integers(var values) = column.storage else { return }
    for row in values.indices { values[row] = values[row] &* 1000 }
    if names.contains(name + Self.suffix), let leaf = reader.leafIndex(named: name + Self.suffix) {
      var remainder = Column(type: .short, storage: .integers([]))
      try reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: rows, into: &remainder)
      if case .integers(let parts) = remainder.storage {
        for row in values.indices { values[row] = values[row] &+ parts[row] }
      }
    }
    column.storage = .integers(values)
  }
}

extension RowHash {
  /// Adds a column of any form to the rows' sums.
  ///
  /// - Parameter sums: Two words a row.
  package func add(_ column: Column, sums: inout [UInt64]) {
    let words = Self.words(column)
    sums.withUnsafeMutableBufferPointer { sums in
      words.withUnsafeBufferPointer { words in
        guard let sums = sums.baseAddress, let base = words.baseAddress else { return }
        if let validity = column.validity {
          validity.withUnsafeBufferPointer {
            add(base, count: words.count, validity: $0.baseAddress, sums: sums)
          }
        } else {
          add(base, count: words.count, validity: nil, sums: sums)
        }
      }
    }
  }

  /// The canonical 64 bits of each value; what stands for a null means nothing.
  package static func words(_ column: Column) -> [Int64] {
    switch column.storage {
    case .integers(let values): return values
    case .wide(let values): return values.map { Int64(bitPattern: RowHash.wide($0)) }
    case .doubles(let values): return values.map { Int64(bitPattern: RowHash.double($0)) }
    case .bytes(let values):
      return values.bytes.withUnsafeBytes { bytes in
        (0..<values.count).map { row in
          let text = UnsafeRawBufferPointer(rebasing: bytes[values.byteRange(row)])
          return Int64(bitPattern: RowHash.text(text))
        }
      }
    case .codes(let codes, let dictionary):
      let hashes = dictionary.bytes.withUnsafeBytes { bytes in
        (0..<dictionary.count).map { code in
          let text = UnsafeRawBufferPointer(rebasing: bytes[dictionary.byteRange(code)])
          return Int64(bitPattern: RowHash.text(text))
        }
      }
      return codes.map { Int($0) < hashes.count ? hashes[Int($0)] : 0 }
    }
  }
}

extension StoredRows {
  /// The distinct symbols of a data file.
  package static func symbols(path: String) throws -> Set<String> {
    let reader = try ParquetReader(path: path)
    guard let leaf = reader.leafIndex(named: "symbol") else { return [] }
    var symbols: Set<String> = []
    for rowGroup in reader.metadata.rowGroups.indices {
      var column = Column(type: .string, storage: .integers([]))
      try reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: nil, into: &column)
      switch column.storage {
      case .codes(let codes, let dictionary):
        for code in Set(codes) { symbols.insert(dictionary[Int(code)]) }
      case .bytes(let values):
        for row in 0..<values.count where row == 0 || values[row] != values[row - 1] {
          symbols.insert(values[row])
        }
      default: break
      }
    }
    return symbols
  }
}
