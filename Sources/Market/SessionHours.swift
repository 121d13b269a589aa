/// The hours of a session in local time of its exchange.
///
/// Written `09:30 to 16:00`, `09:30 to 12:00, 13:00 to 16:00`, or `prev 17:00 to 17:00` for an opening on the
/// evening before its date. `24:00` is the end of the date.
public struct SessionHours: Hashable, Sendable {
  static let minutesPerDay = 1440
  /// Most open stretches of a session.
  static let stretchCountMax = 8

  /// Open stretches in minutes since the midnight that begins the session's date; sorted, non-adjacent, at
  /// least one.
  public let stretches: [Range<Int>]

  /// Minutes from the first opening to the last close.
  public var minuteCount: Int {
    guard let first = stretches.first, let last = stretches.last else { return 0 }
    return last.upperBound - first.lowerBound
  }

  /// Parses the written form; nil for anything else.
  public init?(parsing text: some StringProtocol) {
    var stretches: [Range<Int>] = []
    for part in String(text).split(separator: "," as Character, omittingEmptySubsequences: false) {
      var words = part.split(separator: " " as Character).map(String.init)[...]
      guard let start = Self.minutes(&words), words.popFirst() == "to",
        let end = Self.minutes(&words), words.isEmpty, start < end,
        stretches.last.map({ $0.upperBound < start }) ?? true,
        stretches.count < Self.stretchCountMax
      else { return nil }
      stretches.append(start..<end)
    }
    self.stretches = stretches
  }

  private static func minutes(_ words: inout ArraySlice<String>) -> Int? {
    var shift = 0
    if words.first == "prev" {
      shift = -minutesPerDay
      words.removeFirst()
    }
    guard let word = words.popFirst() else { return nil }
    let digits = Array(word.utf8)
    guard digits.count == 5, digits[2] == 0x3A,
      [0, 1, 3, 4].allSatisfy({ (0x30...0x39).contains(digits[$0]) })
    else { return nil }
    let hour = Int(digits[0] - 0x30) * 10 + Int(digits[1] - 0x30)
    let minute = Int(digits[3] - 0x30) * 10 + Int(digits[4] - 0x30)
    let reading = hour * 60 + minute
    return minute < 60 && reading <= minutesPerDay ? reading + shift : nil
  }
}
