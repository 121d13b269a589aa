import Columnar
import HTTP
import Market
import Platform

extension ConfigValueKind {
  /// nil if `text` is a valid value; else what was expected, and a remedy if one is known.
  func problem(with text: String) -> (expected: String, remedy: String?)? {
    switch self {
    case .text: return text.isEmpty ? ("some text", nil) : nil
    case .integer(let range):
      return Int(text).map(range.contains) == true
        ? nil : ("a whole number from \(range.lowerBound) to \(range.upperBound)", nil)
    case .amount:
      let isDigits = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
      let exact = isDigits ? DecimalText.parse(text, scale: 9) : nil
      return exact.flatMap { Int64(exactly: $0) } == nil ? ("a number like 10 or 2.50", nil) : nil
    case .size:
      return (SizeText.parse(text) ?? 0) >= LakeConfig.memoryByteCountMin
        ? nil : ("a size of at least 64 MB, like 192MB", nil)
    case .byteCount:
      return SizeText.parse(text) == nil ? ("a size like 5GB", nil) : nil
    case .number(let range):
      let isDigits = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
      return isDigits && Double(text).map(range.contains) == true
        ? nil
        : ("a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))", nil)
    case .date:
      return CivilDate(iso: text) == nil ? ("a date like 2024-01-02", nil) : nil
    case .url:
      if let url = HTTPURL(text), url.isEncrypted || url.isLoopback { return nil }
      return ("an address like https://host", "plain http:// is only for this machine")
    case .word:
      return Self.isWord(text) ? nil : ("a name of letters, digits, '-' and '_'", nil)
    case .jobs:
      return text == "auto" || Int(text).map((1...1024).contains) == true
        ? nil : ("'auto' or a number of threads from 1 to 1024", nil)
    case .interval:
      return Interval.parse(text) == nil ? ("an interval like 15s, 1m, 1h or 1d", nil) : nil
    case .time:
      return Self.isTime(text)
        ? nil : ("a date like 2024-01-02 or a time like 2024-01-02T14:30Z", nil)
    case .timeOfDay:
      return Self.isTimeOfDay(text) ? nil : ("a time of day like \"06:30\"", "put it in quotes")
    case .timezone:
      return Self.isTimezoneName(text) ? nil : ("a time zone like UTC or America/New_York", nil)
    case .table:
      do {
        _ = try TableName(parsing: text)
        return nil
      } catch { return ("a table's name like raw.glbx_mdp3_trades", error.remedy) }
    case .vendorSchema: return Self.schemaProblem(text)
    case .variable:
      let isName = text.utf8.allSatisfy {
        (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
          || $0 == 0x5F
      }
      return isName && !text.isEmpty && text.utf8.first.map({ (0x30...0x39).contains($0) }) != true
        ? nil
        : (
          "the name of an environment variable", "keys never stand in lake.yaml: name the variable"
        )
    case .choice(let choices):
      return choices.contains(text)
        ? nil
        : (
          choices.map { "'\($0)'" }.joined(separator: ", "),
          NearestNames.question(text, among: choices)
        )
    }
  }

  private static func schemaProblem(_ text: String) -> (expected: String, remedy: String?)? {
    // Built in; without them there is just no advice.
    let known = ((try? TableSchema.all()) ?? []).map(\.kind).filter(isSold)
    if known.contains(text) { return nil }
    return (
      "a schema that Databento has",
      NearestNames.question(text, among: known) ?? "one of " + known.joined(separator: ", ")
    )
  }

  /// Whether a record kind is one of Databento's schemas: others are Massive's, a stream's own messages, or the
  /// lake's tables.
  private static func isSold(_ kind: String) -> Bool {
    !kind.hasPrefix("massive-")
      && !["coverage", "quarantine", "error", "system", "symbol-mapping"].contains(kind)
  }

  /// A wrong value for an error message; what may be a vendor key in the wrong setting is hidden.
  func shown(_ text: String) -> String {
    switch self {
    case .variable: text.utf8.count > 12 ? text.prefix(4) + "…" : text
    case .url: AddressText.redacted(address: text)
    default: AddressText.redacted(text)
    }
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() && number.magnitude < 1e15 ? String(Int(number)) : String(number)
  }

  private static func isWord(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
          || $0 == 0x2D || $0 == 0x5F
      }
  }

  private static func isTime(_ text: String) -> Bool {
    if CivilDate(iso: text) != nil { return true }
    return Array(text.utf8).withUnsafeBytes { TimeText.parseISO($0)?.hasZone ?? false }
  }

  private static func isTimeOfDay(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
      let minute = Int(parts[1])
    else { return false }
    return (0...23).contains(hour) && (0...59).contains(minute)
  }

  /// Only the form of a name: whether the system knows the zone is checked on use.
  private static func isTimezoneName(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix("/") && !text.contains("..")
      && text.utf8.allSatisfy {
        (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
          || [0x2F, 0x5F, 0x2D, 0x2B].contains($0)
      }
  }
}
