/// Durations in table properties: `interval 30 days`, `30 days`, `interval 1 week 2 hours`.
enum Retention {
  /// The protocol's default of `delta.deletedFileRetentionDuration`.
  static let deletedFileDefault: Int64 = 7 * 86_400_000

  /// Milliseconds; nil if the text is no duration.
  static func milliseconds(_ text: String) -> Int64? {
    var words = text.lowercased().split(separator: " ").map(String.init)
    if words.first == "interval" { words.removeFirst() }
    guard !words.isEmpty, words.count % 2 == 0 else { return nil }
    var total: Int64 = 0
    for index in stride(from: 0, to: words.count, by: 2) {
      guard let count = Int64(words[index]), count >= 0, let unit = unit(words[index + 1]) else {
        return nil
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: unit)
      let (sum, carry) = total.addingReportingOverflow(product)
      if overflow || carry { return nil }
      total = sum
    }
    return total
  }

  private static func unit(_ word: String) -> Int64? {
    switch word.hasSuffix("s") ? String(word.dropLast()) : word {
    case "millisecond": 1
    case "second": 1000
    case "minute": 60_000
    case "hour": 3_600_000
    case "day": 86_400_000
    case "week": 7 * 86_400_000
    default: nil
    }
  }
}
