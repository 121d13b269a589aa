// How the fields of one record kind are printed: a list of steps that is made once and run for every row.

import Columnar

/// One field of a row.
struct TextStep {
  enum Form: UInt8 {
    case uint8, int8, uint16, int16, uint32, int32, uint64, int64, character, text
    /// A character that the vendor's tool prints as text, NUL included.
    case letter
    case price, timestamp
  }

  let form: Form
  let offset: Int
  let byteCount: Int
  /// The text before the value: the separator, or the key in JSON.
  let prefixOffset: Int
  let prefixByteCount: Int
  /// Whether the value is quoted: JSON prints 64-bit integers as strings, since other languages' numbers cannot
  /// hold them.
  let isQuoted: Bool
}

/// The steps of a record kind in one output form.
struct TextPlan {
  /// More than the fields of any record.
  static let stepCountMax = 128

  let steps: [TextStep]
  /// The prefixes of all steps and of the symbol, one after the other, with slack.
  let prefixes: [UInt8]
  /// Key or separator of the symbol.
  let symbolPrefix: Range<Int>
  /// Size of a row at most, without its symbol.
  let rowByteCountMax: Int
  /// Offset of the time that determines the day of the symbol.
  let indexOffset: Int
  /// The header line of a CSV.
  let header: String

  init(_ kind: RecordKind, version: Int, tsOut: Bool, options: DBNTextOptions) {
    let fields = DBNFields.fields(kind, version: version, tsOut: tsOut)
    let isJSON = options.format == .jsonl
    let keys = isJSON ? Self.jsonKeys(fields) : fields.indices.map { $0 == 0 ? "" : "," }
    var prefixes: [UInt8] = []
    var steps: [TextStep] = []
    var rowByteCount = 64
    for (field, key) in zip(fields, keys) {
      let isLetter = kind == .definition && Self.letters(version: version).contains(field.name)
      let form = isLetter ? .letter : Self.form(field, isRaw: options.isRaw)
      steps.append(
        TextStep(
          form: form, offset: field.offset, byteCount: field.form.byteCount,
          prefixOffset: prefixes.count, prefixByteCount: key.utf8.count,
          isQuoted: isJSON && (form == .uint64 || form == .int64)))
      prefixes += key.utf8
      rowByteCount += key.utf8.count + Self.valueByteCountMax(form, field.form.byteCount)
    }
    // The last group of JSON is closed before the symbol.
    let lastGroup = fields.last?.group ?? .top
    let symbolKey = isJSON ? Self.closing(lastGroup) + ",\"symbol\":" : ","
    symbolPrefix = prefixes.count..<prefixes.count + symbolKey.utf8.count
    prefixes += symbolKey.utf8
    rowByteCountMax = rowByteCount + symbolKey.utf8.count
    self.prefixes = prefixes + [UInt8](repeating: 0, count: 16)
    self.steps = steps
    indexOffset = fields.first { $0.name == kind.indexFieldName }?.offset ?? 8
    header = (fields.map(\.name) + ["symbol"]).joined(separator: ",") + "\n"
  }

  /// Characters of a definition that the vendor's tool escapes differently.
  private static func letters(version: Int) -> [String] {
    switch version {
    case 1: ["security_update_action", "user_defined_instrument"]
    case 2: ["user_defined_instrument"]
    default: []
    }
  }

  private static func form(_ field: DBNField, isRaw: Bool) -> TextStep.Form {
    if field.isPrice { return isRaw ? .int64 : .price }
    switch field.form {
    case .timestamp: return isRaw ? .uint64 : .timestamp
    case .int8: return .int8
    case .uint8: return .uint8
    case .int16: return .int16
    case .uint16: return .uint16
    case .int32: return .int32
    case .uint32, .text: return .uint32
    case .int64: return .int64
    case .uint64, .int128, .double: return .uint64
    case .character: return .character
    case .fixedText: return .text
    }
  }

  /// Size of a value at most, including quotes and escapes.
  private static func valueByteCountMax(_ form: TextStep.Form, _ byteCount: Int) -> Int {
    switch form {
    case .text: byteCount * 6 + 2
    case .character: 12
    default: 32
    }
  }

  /// `{"ts_recv":`, `,"hd":{"ts_event":`, `},"levels":[{"bid_px":`, …
  private static func jsonKeys(_ fields: [DBNField]) -> [String] {
    var keys: [String] = []
    var before: DBNField.Group?
    for field in fields {
      var key = before == nil ? "{" : ""
      if before != field.group {
        if let before { key += closing(before, next: field.group) + "," }
        switch field.group {
        case .header: key += "\"hd\":{"
        case .level(0): key += "\"levels\":[{"
        case .level: key += "{"
        case .top: break
        }
      } else if before != nil {
        key += ","
      }
      keys.append(key + "\"" + field.memberName + "\":")
      before = field.group
    }
    return keys
  }

  private static func closing(_ group: DBNField.Group, next: DBNField.Group = .top) -> String {
    switch (group, next) {
    case (.top, _): ""
    case (.header, _), (.level, .level): "}"
    case (.level, _): "}]"
    }
  }
}
