import Columnar
import Glibc

/// Values of partition columns, which logs and folder names store as text.
enum PartitionText {
  /// The value in the column's domain; nil if the text is invalid for the type.
  static func value(_ text: String, _ type: ColumnType) -> BoundValue? {
    switch type {
    case .string, .json, .enumeration: return .bytes(Array(text.utf8))
    case .binary: return .bytes(escapedBytes(text) ?? Array(text.utf8))
    case .boolean: return text == "true" ? .number(1) : text == "false" ? .number(0) : nil
    case .integer: return Int64(text).map { .number(Int128($0)) }
    case .decimal(_, let scale):
      return DecimalText.parse(text, scale: scale).map { .number($0) }
    case .date: return CivilDate(iso: text).map { .number(Int128($0.daysSinceEpoch)) }
    case .timestamp(let unit, _):
      return TimeText.parseISO(text).map {
        .number(TimeUnitChange.floor(Int128($0.nanoseconds), from: .nanoseconds, to: unit))
      }
    case .float, .double: return Double(text).map { .number(ValueDomain.key($0)) }
    default: return nil
    }
  }

  /// The bytes of a text that consists of `\u00XX` escapes, as in the protocol's example; nil for any other
  /// text, which some writers store as it is.
  private static func escapedBytes(_ text: String) -> [UInt8]? {
    var rest = Substring(text).utf8
    var bytes: [UInt8] = []
    while !rest.isEmpty {
      let escape = rest.prefix(6)
      guard escape.count == 6, escape.starts(with: "\\u00".utf8),
        let byte = UInt8(String(Substring(escape.suffix(2))), radix: 16)
      else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(6)
    }
    return bytes
  }

  /// The narrowest type that fits all values of a folder key: date, integer, or text.
  static func type(of texts: some Sequence<String>) -> ColumnType {
    var isDate = true
    var isInteger = true
    for text in texts {
      if CivilDate(iso: text) == nil { isDate = false }
      // A number with leading zeros is an identifier.
      if Int64(text).map({ String($0) }) != text { isInteger = false }
    }
    return isDate ? .date : isInteger ? .long : .string
  }

  /// `key=value`, percent-decoded; nil for any other folder name.
  static func hive(_ folder: Substring) -> (key: String, value: String?)? {
    guard let equals = folder.firstIndex(of: "="), equals != folder.startIndex else { return nil }
    let key = String(folder[..<equals])
    let value = decoded(folder[folder.index(after: equals)...])
    return (key, value == "__HIVE_DEFAULT_PARTITION__" ? nil : value)
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      let pair = rest.prefix(2)
      if byte == 0x25, pair.count == 2, let value = UInt8(String(Substring(pair)), radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The output order of partitions, and the groups of files in one partition.
enum PartitionOrder {
  /// Sorts by the values of `columns` (null last), then by path, and numbers the groups.
  static func sort(_ files: inout [TableFile], by columns: [Int]) {
    files.sort { left, right in
      for column in columns {
        let (first, second) = (left.partition[column] ?? nil, right.partition[column] ?? nil)
        if first == second { continue }
        guard let first else { return false }
        guard let second else { return true }
        return first < second
      }
      return left.path < right.path
    }
    for index in files.indices.dropFirst() {
      let before = files[index - 1]
      let isSame = columns.allSatisfy { before.partition[$0] == files[index].partition[$0] }
      files[index].group = before.group + (isSame ? 0 : 1)
    }
  }
}
