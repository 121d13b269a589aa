import Columnar
import Market
import Massive

/// What the path of a saved page, or its address, tells.
package enum PagePath {
  /// `…/range/5/minute/…`, as in the vendor's addresses, or `…range-5-minute-…`.
  package static func span(_ path: String) -> BarSpan? {
    let words = path.split { $0 == "/" || $0 == "-" || $0 == "_" }
    for index in words.indices where words[index] == "range" && index + 2 < words.count {
      guard let count = Int(words[index + 1]), (1...BarSpan.multiplierMax).contains(count),
        let timespan = BarSpan.Timespan(rawValue: String(words[index + 2]))
      else { continue }
      return BarSpan(parsing: BarSpan(count, timespan).name)
    }
    return nil
  }

  /// `…/ticker/SPY/…`, as in the vendor's addresses.
  package static func ticker(_ path: String) -> String? {
    let words = path.split(separator: "/")
    guard let index = words.firstIndex(of: "ticker"), index + 1 < words.count else { return nil }
    return String(words[index + 1])
  }

  /// The last `2024-01-02` of a path.
  package static func lastDate(_ path: String) -> CivilDate? {
    let bytes = Array(path.utf8)
    guard bytes.count >= 10 else { return nil }
    for start in stride(from: bytes.count - 10, through: 0, by: -1) {
      guard bytes[start + 4] == 0x2D, bytes[start + 7] == 0x2D else { continue }
      if let date = CivilDate(iso: String(decoding: bytes[start..<start + 10], as: UTF8.self)) {
        return date
      }
    }
    return nil
  }
}

/// Days of Massive's partition zone.
enum TimeZoneText {
  /// The first instant of a date in New York, in ns.
  static func startOfDay(_ date: CivilDate) throws -> Int64 {
    try TimeZoneRules.named(MassiveKind.timeZone).startOfDay(date.daysSinceEpoch) * 1_000_000_000
  }
}
