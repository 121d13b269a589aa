import Bytes
import Columnar
import Synchronization

@testable import Query

/// Values of one column of a double.
enum MemoryColumn {
  case integers([Int64?])
  case doubles([Double?])
  case text([String?])

  var count: Int {
    switch self {
    case .integers(let values): values.count
    case .doubles(let values): values.count
    case .text(let values): values.count
    }
  }
}

/// A data file in memory that counts the rows a query decodes.
final class MemorySegment: Segment {
  let name: String
  let rowGroupRowCounts: [Int]
  let columns: [String: (type: ColumnType, values: MemoryColumn)]
  let pageRowCount: Int
  let sortedBy: [String]
  let decoded = Mutex<[String: Int]>([:])

  init(
    _ name: String, rowGroups: [Int], pageRowCount: Int = 4, sortedBy: [String] = [],
    columns: [String: (type: ColumnType, values: MemoryColumn)]
  ) {
    self.name = name
    rowGroupRowCounts = rowGroups
    self.columns = columns
    self.pageRowCount = pageRowCount
    self.sortedBy = sortedBy
    for column in columns.values {
      precondition(column.values.count == rowGroups.reduce(0, +), "columns of equal length")
    }
  }

  /// Number of rows decoded of a column.
  func decodedRowCount(_ column: String) -> Int { decoded.withLock { $0[column, default: 0] } }

  func byteCount(rowGroup: Int, column: String) -> Int { rowGroupRowCounts[rowGroup] * 8 }

  func type(of column: String) -> ColumnType? { columns[column]?.type }

  func isSorted(by columns: [String]) -> Bool { sortedBy.starts(with: columns) }

  func bounds(rowGroup: Int, column: QueryColumn) -> FilterBounds? {
    bounds(column, rows: rows(of: rowGroup))
  }

  func pages(rowGroup: Int, column: QueryColumn) throws -> PageTable? {
    let all = rows(of: rowGroup)
    let starts = Array(stride(from: 0, to: all.count, by: pageRowCount))
    return PageTable(
      firstRows: starts,
      bounds: starts.map { start in
        let low = all.lowerBound + start
        return bounds(column, rows: low..<min(low + pageRowCount, all.upperBound))
      },
      byteCounts: starts.map { _ in pageRowCount * 8 })
  }

  func makeDecoder() throws -> any SegmentDecoder { MemoryDecoder(segment: self) }

  func rows(of rowGroup: Int) -> Range<Int> {
    let start = rowGroupRowCounts[..<rowGroup].reduce(0, +)
    return start..<(start + rowGroupRowCounts[rowGroup])
  }

  private func bounds(_ column: QueryColumn, rows: Range<Int>) -> FilterBounds? {
    guard case .file(let name) = column.origin, let stored = columns[name] else { return nil }
    var values: [BoundValue] = []
    switch stored.values {
    case .integers(let all):
      for case let value? in all[rows] {
        if column.isPair {
          values += [.number(Int128(value) * 1000), .number(Int128(value) * 1000 + 999)]
        } else {
          values.append(.number(Int128(value)))
        }
      }
      if column.isPair {
        return FilterBounds(
          low: values.min(), high: values.max(), nullCount: rows.count - values.count / 2,
          rowCount: rows.count)
      }
    case .doubles(let all):
      for case let value? in all[rows] { values.append(.number(ValueDomain.key(value))) }
    case .text(let all):
      for case let value? in all[rows] { values.append(.bytes(Array(value.utf8))) }
    }
    return FilterBounds(
      low: values.min(), high: values.max(), nullCount: rows.count - values.count,
      rowCount: rows.count)
  }
}

private final class MemoryDecoder: SegmentDecoder {
  let segment: MemorySegment
  private var stores: [String: (values: ByteBuffer, validity: ByteBuffer, text: ByteBuffer)] = [:]

  init(segment: MemorySegment) { self.segment = segment }

  func read(
    rowGroup: Int, column: String, as type: ColumnType, rows: Range<Int>
  ) throws -> ColumnVector {
    segment.decoded.withLock { $0[column, default: 0] += rows.count }
    guard let stored = segment.columns[column] else { return ColumnVector(rowCount: rows.count) }
    let start = segment.rows(of: rowGroup).lowerBound
    let range = (start + rows.lowerBound)..<(start + rows.upperBound)
    let store = stores[column] ?? (ByteBuffer(), ByteBuffer(), ByteBuffer())
    stores[column] = store
    store.values.removeAll()
    store.validity.removeAll()
    store.text.removeAll()
    var vector = ColumnVector(rowCount: rows.count)
    switch stored.values {
    case .integers(let all):
      vector.form = .integers
      for value in all[range] {
        store.values.append(littleEndian: value ?? 0)
        store.validity.append(littleEndian: UInt8(value == nil ? 0 : 1))
      }
    case .doubles(let all):
      vector.form = .doubles
      for value in all[range] {
        store.values.append(littleEndian: (value ?? 0).bitPattern)
        store.validity.append(littleEndian: UInt8(value == nil ? 0 : 1))
      }
    case .text(let all):
      vector.form = .bytes
      store.values.append(littleEndian: Int32(0))
      for value in all[range] {
        store.text.append(Array((value ?? "").utf8))
        store.values.append(littleEndian: Int32(store.text.count))
        store.validity.append(littleEndian: UInt8(value == nil ? 0 : 1))
      }
      vector.offsets = UnsafePointer(store.values.base.assumingMemoryBound(to: Int32.self))
      vector.bytes = UnsafeRawPointer(store.text.base)
    }
    vector.values = UnsafeRawPointer(store.values.base)
    vector.validity = UnsafePointer(store.validity.base.assumingMemoryBound(to: UInt8.self))
    return vector
  }
}
