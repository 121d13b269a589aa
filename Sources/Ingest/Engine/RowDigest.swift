import Bytes
import Columnar
import Databento

/// Hashes the content of packed rows, block by block: equal rows have equal hashes, whatever form they came in.
///
/// Stored rows get the same hashes over the same columns: see `StoredDigest`.
final class RowDigest {
  /// Rows per block at most.
  static let blockRowMax = 256

  private let columns: [(hash: RowHash, origin: ColumnOrigin)]
  private var texts = TextCodes()
  private let words: UnsafeMutablePointer<Int64>
  private let wide: UnsafeMutablePointer<Int128>
  private let doubles: UnsafeMutablePointer<Double>
  private let codes: UnsafeMutablePointer<Int32>
  private let validity: UnsafeMutablePointer<UInt8>
  private let sums: UnsafeMutablePointer<UInt64>

  /// - Parameters:
  ///   - columns: The hashed columns; columns that the rows lack add nothing.
  ///   - texts: The source's texts by code.
  init(columns: [PhysicalColumn], texts values: ByteColumn) {
    self.columns = columns.compactMap { column in
      guard let hash = column.hash else { return nil }
      return (hash, column.origin)
    }
    texts.begin(values)
    let count = Self.blockRowMax
    words = .allocate(capacity: count)
    wide = .allocate(capacity: count)
    doubles = .allocate(capacity: count)
    codes = .allocate(capacity: count)
    validity = .allocate(capacity: count)
    sums = .allocate(capacity: 2 * count)
  }

  deinit {
    words.deallocate()
    wide.deallocate()
    doubles.deallocate()
    codes.deallocate()
    validity.deallocate()
    sums.deallocate()
  }

  /// The hashes of up to `blockRowMax` rows.
  func fingerprints(_ rows: RowPointers) -> [Fingerprint] {
    precondition(rows.count <= Self.blockRowMax, "a block's rows fit its scratch")
    sums.update(repeating: 0, count: 2 * rows.count)
    for column in columns {
      var isAnyNull = false
      load(column.origin, rows, &isAnyNull)
      column.hash.add(
        words, count: rows.count, validity: isAnyNull ? UnsafePointer(validity) : nil, sums: sums)
    }
    return (0..<rows.count).map { row in
      RowHash.finalised(low: sums[2 &* row], high: sums[2 &* row &+ 1])
    }
  }

  /// The first column's canonical words, 0 where it is null; valid until the next call.
  func firstWords(_ rows: RowPointers) -> UnsafePointer<Int64>? {
    guard let column = columns.first else { return nil }
    var isAnyNull = false
    load(column.origin, rows, &isAnyNull)
    if isAnyNull { for row in 0..<rows.count where validity[row] == 0 { words[row] = 0 } }
    return UnsafePointer(words)
  }

  /// Writes the canonical 64 bits of a column's values to `words`.
  private func load(_ origin: ColumnOrigin, _ rows: RowPointers, _ isAnyNull: inout Bool) {
    let count = rows.count
    switch origin {
    case .absent, .nanosecondRemainder, .json:
      validity.update(repeating: 0, count: count)
      isAnyNull = true
    case .integer(let field), .microseconds(let field):
      loadIntegers(field.location, count, rows, words, validity, &isAnyNull)
    case .wide(let field):
      loadWide(field.location, count, rows, wide, validity, &isAnyNull)
      for row in 0..<count { words[row] = Int64(bitPattern: RowHash.wide(wide[row])) }
    case .double(let field):
      loadDoubles(field.location, count, rows, doubles, validity, &isAnyNull)
      for row in 0..<count { words[row] = Int64(bitPattern: RowHash.double(doubles[row])) }
    case .character(let field):
      loadCharacters(field.location, count, rows, codes, validity, &isAnyNull)
      CharacterCodes.hashes(codes, count, words)
    case .text(let field):
      loadCodes(field.location, count, rows, codes, validity, &isAnyNull)
      // A null's code belongs to no text.
      if isAnyNull { for row in 0..<count where validity[row] == 0 { codes[row] = 0 } }
      texts.hashes(codes, count, words)
    case .fixedText(let field):
      loadFixedText(field, rows, &isAnyNull)
    }
  }

  private func loadFixedText(_ field: RowField, _ rows: RowPointers, _ isAnyNull: inout Bool) {
    for row in 0..<rows.count {
      let bytes = UnsafeRawBufferPointer(
        start: rows[row] + field.offset, count: field.form.byteCount)
      let length = bytes.firstIndex(of: 0) ?? bytes.count
      validity[row] = length == 0 ? 0 : 1
      if length == 0 { isAnyNull = true }
      words[row] =
        length == 0
        ? 0 : Int64(bitPattern: RowHash.text(UnsafeRawBufferPointer(rebasing: bytes[..<length])))
    }
  }
}
