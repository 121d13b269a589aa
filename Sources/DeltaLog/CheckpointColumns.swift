import Columnar
import Parquet

/// Text by row. Equal values share one string if there is a dictionary.
struct TextColumn: Sendable {
  private let column: Column
  /// The dictionary's strings; nil if every row has its own bytes.
  private let dictionary: [String]?

  init(_ column: Column) {
    self.column = column
    if case .codes(_, let text) = column.storage {
      dictionary = (0..<text.count).map { text[$0] }
    } else {
      dictionary = nil
    }
  }

  var count: Int { column.count }

  /// The first row that has a value; nil if none has.
  var firstRow: Int? {
    guard let validity = column.validity else { return count > 0 ? 0 : nil }
    return validity.firstIndex { $0 != 0 }
  }

  /// Rows that have a value.
  var valueCount: Int { column.count - column.nullCount }

  func string(_ row: Int) -> String? {
    if let validity = column.validity, validity[row] == 0 { return nil }
    switch column.storage {
    case .codes(let codes, _): return dictionary?[Int(codes[row])]
    case .bytes(let text): return text[row]
    default: return nil
    }
  }

  /// Whether a row's value equals a text, without making a string.
  func isEqual(_ row: Int, _ text: String) -> Bool {
    if let validity = column.validity, validity[row] == 0 { return false }
    switch column.storage {
    case .codes(let codes, _): return dictionary?[Int(codes[row])] == text
    case .bytes(let texts): return texts.bytes[texts.byteRange(row)].elementsEqual(text.utf8)
    default: return false
    }
  }

  /// The dictionary code of a row's value: equal for equal strings; nil without a dictionary.
  func code(_ row: Int) -> Int32? {
    if case .codes(let codes, _) = column.storage { return codes[row] }
    return nil
  }
}

/// Numbers or booleans by row; nil for every row if the column is missing.
struct NumberColumn: Sendable {
  private let values: [Int64]
  private let validity: [UInt8]?

  init(_ column: Column?) {
    if case .integers(let values)? = column?.storage {
      self.values = values
    } else {
      values = []
    }
    validity = column?.validity
  }

  subscript(row: Int) -> Int64? {
    guard row < values.count else { return nil }
    if let validity, validity[row] == 0 { return nil }
    return values[row]
  }

  var firstRow: Int? {
    guard let validity else { return values.isEmpty ? nil : 0 }
    return validity.firstIndex { $0 != 0 }
  }

  /// Rows that have a value.
  var valueCount: Int { validity.map { $0.count { $0 != 0 } } ?? values.count }
}

/// Maps of text, or lists of text, by row: read in row order only.
struct TextCollection {
  private let repetitionLevels: [UInt8]
  private let keyLevels: [UInt8]
  private let valueLevels: [UInt8]
  private let keyLevel: UInt8
  private let valueLevel: UInt8
  private let keys: TextColumn
  private let values: TextColumn?

  private var entry = 0
  private var keyIndex = 0
  private var valueIndex = 0
  /// Maps built so far, by the codes of their entries: most files share their partition values.
  private var interned: [[Int64]: [String: String?]] = [:]
  private var lastCodes: [Int64] = []
  private var rowCodes: [Int64] = []
  private var rowEntries: [(key: Int, value: Int?)] = []
  private var lastMap: [String: String?] = [:]

  /// - Parameters:
  ///   - keyLevel: The definition level of an existing entry.
  ///   - values: nil for a list, whose elements are `keys`.
  ///   - valueLevel: The definition level of an entry with a value.
  init(_ keys: RepeatedColumn, keyLevel: Int, values: RepeatedColumn?, valueLevel: Int) {
    repetitionLevels = keys.repetitionLevels
    keyLevels = keys.definitionLevels
    valueLevels = values?.definitionLevels ?? []
    self.keyLevel = UInt8(clamping: keyLevel)
    self.valueLevel = UInt8(clamping: valueLevel)
    self.keys = TextColumn(keys.values)
    self.values = values.map { TextColumn($0.values) }
  }

  /// The next row's entries.
  private mutating func next(_ body: (_ key: Int, _ value: Int?) -> Void) {
    var isFirst = true
    while entry < repetitionLevels.count, isFirst || repetitionLevels[entry] != 0 {
      isFirst = false
      let hasKey = keyLevels[entry] == keyLevel
      let hasValue = entry < valueLevels.count && valueLevels[entry] == valueLevel
      if hasKey { body(keyIndex, hasValue ? valueIndex : nil) }
      if hasKey { keyIndex += 1 }
      if hasValue { valueIndex += 1 }
      entry += 1
    }
  }

  /// The next row's map, without nulls.
  mutating func nextStrings() -> [String: String] {
    var map: [String: String] = [:]
    let (keys, values) = (self.keys, self.values)
    next { key, value in
      if let value, let name = keys.string(key) { map[name] = values?.string(value) }
    }
    return map
  }

  /// The next row's map; equal maps share their memory.
  mutating func nextInterned() -> [String: String?] {
    rowEntries.removeAll(keepingCapacity: true)
    rowCodes.removeAll(keepingCapacity: true)
    var entries = rowEntries
    rowEntries = []
    next { key, value in entries.append((key, value)) }
    rowEntries = entries
    if rowEntries.isEmpty { return [:] }
    guard appendCodes() else { return rowMap() }
    if rowCodes == lastCodes { return lastMap }
    let map = interned[rowCodes] ?? rowMap()
    interned[rowCodes] = map
    (lastCodes, lastMap) = (rowCodes, map)
    return map
  }

  /// Whether every text of the row's entries has a code.
  private mutating func appendCodes() -> Bool {
    for entry in rowEntries {
      guard let high = keys.code(entry.key) else { return false }
      var low: Int32 = -1
      if let value = entry.value {
        guard let code = values?.code(value) else { return false }
        low = code
      }
      rowCodes.append(Int64(high) << 32 | Int64(low) & 0xFFFF_FFFF)
    }
    return true
  }

  private func rowMap() -> [String: String?] {
    var map: [String: String?] = [:]
    for entry in rowEntries {
      guard let name = keys.string(entry.key) else { continue }
      // `updateValue`, since assigning nil by subscript would remove the key.
      map.updateValue(entry.value.flatMap { values?.string($0) }, forKey: name)
    }
    return map
  }

  /// The map of one row; earlier rows are skipped.
  mutating func strings(ofRow row: Int) -> [String: String] {
    for _ in 0..<row { next { _, _ in } }
    return nextStrings()
  }

  /// The list of one row; earlier rows are skipped. nil if it is null.
  mutating func elements(ofRow row: Int) -> [String]? {
    for _ in 0..<row { next { _, _ in } }
    // An empty list has a definition level one below its element's.
    let isThere = entry < keyLevels.count && keyLevels[entry] > 1
    var list: [String] = []
    let keys = self.keys
    next { key, _ in
      if let text = keys.string(key) { list.append(text) }
    }
    return isThere ? list : nil
  }
}
