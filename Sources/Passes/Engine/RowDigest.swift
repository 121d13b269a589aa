import Bytes
import Columnar

/// The identity and the content of single packed rows, as 128-bit hashes.
///
/// This is the slow way, row by row, for the few rows whose key might be there already.
struct RowDigest {
  private let key: [PhysicalColumn]
  private let content: [PhysicalColumn]
  private let texts: ByteColumn

  /// - Parameters:
  ///   - keyColumns: Names of the key's columns.
  ///   - texts: The source's texts by code.
  init(columns: [PhysicalColumn], keyColumns: [String], texts: ByteColumn) {
    key = columns.filter { keyColumns.contains($0.field.name) }
    // How a symbol was asked for is no part of what a row says.
    content = columns.filter { !Self.isProvenance($0.field.name) }
    self.texts = texts
  }

  /// Columns that tell where a row came from, not what it says.
  static func isProvenance(_ column: String) -> Bool {
    column == "requested_symbol" || column == "source_ordinal"
  }

  func key(_ row: UnsafeRawPointer) -> Fingerprint { digest(row, key) }

  func content(_ row: UnsafeRawPointer) -> Fingerprint { digest(row, content) }

  private func digest(_ row: UnsafeRawPointer, _ columns: [PhysicalColumn]) -> Fingerprint {
    var low: UInt64 = 0
    var high: UInt64 = 0
    for column in columns {
      guard let hash = column.hash, let word = word(row, column.origin) else { continue }
      hash.add(word, low: &low, high: &high)
    }
    return RowHash.finalised(low: low, high: high)
  }

  /// The canonical 64 bits of one value; nil when it is null.
  private func word(_ row: UnsafeRawPointer, _ origin: ColumnOrigin) -> UInt64? {
    var pointer = row
    return withUnsafeMutablePointer(to: &pointer) {
      word(RowPointers(pointers: $0, count: 1), row, origin)
    }
  }

  private func word(
    _ rows: RowPointers, _ row: UnsafeRawPointer, _ origin: ColumnOrigin
  ) -> UInt64? {
    var validity: UInt8 = 1
    var isNull = false
    switch origin {
    case .absent, .nanosecondRemainder, .json:
      return nil
    case .integer(let field), .microseconds(let field):
      var value: Int64 = 0
      loadIntegers(field.place, 1, rows, &value, &validity, &isNull)
      return isNull ? nil : UInt64(bitPattern: value)
    case .wide(let field):
      var value: Int128 = 0
      loadWide(field.place, 1, rows, &value, &validity, &isNull)
      return isNull ? nil : RowHash.wide(value)
    case .double(let field):
      var value = 0.0
      loadDoubles(field.place, 1, rows, &value, &validity, &isNull)
      return isNull ? nil : RowHash.double(value)
    case .character(let field):
      var code: Int32 = 0
      loadCharacters(field.place, 1, rows, &code, &validity, &isNull)
      let text = [UInt8(truncatingIfNeeded: code)]
      return isNull ? nil : text.withUnsafeBytes { RowHash.text($0) }
    case .text(let field):
      var code: Int32 = 0
      loadCodes(field.place, 1, rows, &code, &validity, &isNull)
      if isNull { return nil }
      return texts.bytes.withUnsafeBytes {
        RowHash.text(UnsafeRawBufferPointer(rebasing: $0[texts.byteRange(Int(code))]))
      }
    case .fixedText(let field):
      let bytes = UnsafeRawBufferPointer(start: row + field.offset, count: field.form.byteCount)
      let length = bytes.firstIndex(of: 0) ?? bytes.count
      return length == 0
        ? nil : RowHash.text(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
    }
  }
}

/// Keeps each key of a keyed table once.
///
/// Rows equal to one that is there already are repeats; rows with a known key and other content are
/// conflicts: what was there first stays.
struct KeyFilter {
  /// Content by key of the rows that the table holds, where a new row may meet one.
  var stored: [Fingerprint: Fingerprint] = [:]
  let digest: RowDigest
  private(set) var repeatCount = 0
  private(set) var conflicts: [UnsafeRawPointer] = []

  init(digest: RowDigest, stored: [Fingerprint: Fingerprint]) {
    self.digest = digest
    self.stored = stored
  }

  /// - Parameter rows: Rows of one symbol, in order; equal keys are therefore neighbours within one
  ///   index timestamp.
  /// - Returns: The rows to store, in order.
  mutating func kept(_ rows: [UnsafeRawPointer], order: RowOrder) -> [UnsafeRawPointer] {
    var kept: [UnsafeRawPointer] = []
    kept.reserveCapacity(rows.count)
    var seen: [Fingerprint: Fingerprint] = [:]
    for (place, row) in rows.enumerated() {
      let index = order.index(row)
      let hasTwin =
        (place > 0 && order.index(rows[place - 1]) == index)
        || (place + 1 < rows.count && order.index(rows[place + 1]) == index)
      if !hasTwin && stored.isEmpty {
        kept.append(row)
        continue
      }
      if place == 0 || order.index(rows[place - 1]) != index {
        seen.removeAll(keepingCapacity: true)
      }
      let key = digest.key(row)
      guard let known = seen[key] ?? stored[key] else {
        if hasTwin { seen[key] = digest.content(row) }
        kept.append(row)
        continue
      }
      if known == digest.content(row) { repeatCount += 1 } else { conflicts.append(row) }
    }
    return kept
  }
}
