import Columnar
import Parquet
import Tables

/// Some rows of one row group, a page at a time; of each page only the columns that are asked for.
final class TradePages {
  /// Which rows of a column have values.
  struct Presence {
    /// Whether the file has the column, and a value in it.
    var isKnown: Bool
    /// One byte per row, 0 for null; nil if no row is null.
    var validity: [UInt8]?

    var isComplete: Bool { isKnown && validity == nil }
    func isNull(_ row: Int) -> Bool { !isKnown || validity.map { $0[row] == 0 } ?? false }
  }

  private let reader: SegmentReader
  private let rowGroup: Int
  private let rows: Range<Int>
  /// Rows of the current page.
  private var page: Range<Int>
  private var scanners: [String: Scanner] = [:]
  private var values: [Int64] = []
  private var validity: [UInt8] = []

  private final class Scanner {
    let scanner: ColumnPageScanner?
    init(_ scanner: ColumnPageScanner?) { self.scanner = scanner }
  }

  /// - Parameter rows: Indexes in the row group.
  init(_ reader: SegmentReader, rowGroup: Int, rows: Range<Int>) {
    self.reader = reader
    self.rowGroup = rowGroup
    self.rows = rows
    page = rows.lowerBound..<rows.lowerBound
  }

  /// Goes on to the next page.
  ///
  /// - Parameter pace: The column whose pages they are.
  /// - Returns: Its rows; 0 at the end.
  func next(_ pace: Field) throws -> Int {
    let start = page.upperBound
    if start >= rows.upperBound { return 0 }
    let left = rows.upperBound - start
    guard let scanner = try scanner(pace) else {
      page = start..<start + min(left, PageReader.rowMax)
      return page.count
    }
    if scanner.rowIndex < start { try scanner.skip(rows: start - scanner.rowIndex) }
    let count = min(try scanner.rowsInNextPage(), PageReader.rowMax, left)
    if count == 0 {
      throw PassError(
        .input, "column '\(pace.name)' ends after \(start) rows of its row group",
        place: reader.path)
    }
    page = start..<start + count
    return count
  }

  /// Reads a column of the page; false where the file lacks it.
  func read(_ field: Field, into column: inout Column) throws -> Bool {
    guard let scanner = try scanner(field) else { return false }
    try seek(scanner)
    try scanner.read(rows: page.count, into: &column)
    return true
  }

  /// Reads the values of some rows of the page; those of nulls are 0.
  ///
  /// - Parameter picked: Indexes within the page, ascending.
  func gather(
    _ field: Field, _ picked: [Int32], into target: UnsafeMutablePointer<Int64>
  ) throws -> Presence {
    guard let scanner = try scanner(field) else {
      target.update(repeating: 0, count: picked.count)
      return Presence(isKnown: false)
    }
    try seek(scanner)
    let count = page.count
    if values.count < count {
      values = [Int64](repeating: 0, count: count)
      validity = [UInt8](repeating: 1, count: count)
    }
    let hasNulls = try values.withUnsafeMutableBufferPointer { values in
      try validity.withUnsafeMutableBufferPointer { validity in
        guard let values = values.baseAddress, let validity = validity.baseAddress else {
          return false
        }
        return try scanner.readIntegers(rows: count, into: values, validity: validity)
      }
    }
    values.withUnsafeBufferPointer { values in
      picked.withUnsafeBufferPointer { picked in
        for index in 0..<picked.count { target[index] = values[Int(picked[index])] }
      }
    }
    if !hasNulls { return Presence(isKnown: true) }
    let present = picked.map { validity[Int($0)] }
    return Presence(
      isKnown: present.contains(1), validity: present.contains(0) ? present : nil)
  }

  /// Reads times of some rows of the page in nanoseconds, with the nanoseconds that stand beside them.
  @discardableResult
  func gatherTimes(
    _ field: Field, _ plus: Field?, _ picked: [Int32], into target: UnsafeMutablePointer<Int64>
  ) throws -> Presence {
    let presence = try gather(field, picked, into: target)
    for row in 0..<picked.count {
      let (time, overflow) = target[row].multipliedReportingOverflow(by: 1000)
      if overflow {
        throw PassError(
          .input, "a time of column '\(field.name)' does not fit into nanoseconds since 1970",
          place: reader.path)
      }
      target[row] = time
    }
    guard let plus else { return presence }
    var beside = [Int64](repeating: 0, count: picked.count)
    let hasBeside = try beside.withUnsafeMutableBufferPointer { buffer in
      try buffer.baseAddress.map { try gather(plus, picked, into: $0) }
    }
    if hasBeside?.isKnown == true {
      for row in 0..<picked.count { target[row] = target[row] &+ beside[row] }
    }
    return presence
  }

  private func seek(_ scanner: ColumnPageScanner) throws {
    if scanner.rowIndex < page.lowerBound {
      try scanner.skip(rows: page.lowerBound - scanner.rowIndex)
    }
  }

  private func scanner(_ field: Field) throws -> ColumnPageScanner? {
    if let known = scanners[field.name] { return known.scanner }
    let made = try reader.scanner(field, rowGroup: rowGroup)
    scanners[field.name] = Scanner(made)
    return made
  }
}

/// Integers in memory that is reused.
struct IntegerScratch: ~Copyable {
  private(set) var base = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
  private var capacity = 1

  deinit { base.deallocate() }

  /// Makes room; what was there is lost.
  mutating func reserve(_ count: Int) {
    if count <= capacity { return }
    base.deallocate()
    base = .allocate(capacity: count)
    capacity = count
  }
}
