import Columnar

/// Whether an option is a call or a put.
public enum OptionRight: String, Hashable, Sendable, CaseIterable {
  case call = "C"
  case put = "P"

  /// The word that vendors write: `call` or `put`.
  public var word: String { self == .call ? "call" : "put" }
}

/// The name of a US option contract: `SPY250304C00601000`.
///
/// - `root` has 1 to 6 capital letters and digits, at least one of them a letter.
/// - `strike` is positive, at most `strikeMax`, and a multiple of `strikeUnit`.
/// - The expiration lies in 2000 to 2099, since the format has a two-digit year.
///
/// - Spec: OCC, "Options Symbology Initiative": root padded to 6, yymmdd, C or P, strike × 1000 in 8 digits.
public struct OptionSymbol: Hashable, Sendable, CustomStringConvertible {
  /// Smallest strike step that the format can represent: a tenth of a cent.
  public static let strikeUnit: Int64 = Price.scale / 1000
  /// Highest strike that the format can represent: 99999.999.
  public static let strikeMax: Int64 = 99_999_999 * strikeUnit
  static let rootLetterMax = 6
  /// Length of the part after the root: date, right, strike.
  private static let tailCount = 15

  /// Root of the contract: `SPY`, or `SPY1` after a corporate action has changed what it delivers.
  public let root: String
  /// When the contract expires.
  public let expiration: CivilDate
  /// Call or put.
  public let right: OptionRight
  /// Strike in billionths of a dollar.
  public let strike: Int64

  /// - Throws: `OptionError` if one of them cannot be represented.
  public init(root: String, expiration: CivilDate, right: OptionRight, strike: Int64)
    throws(OptionError)
  {
    guard Self.isRoot(root.utf8) else {
      throw OptionError(
        .badSymbol, "option root '\(root)' is not 1 to 6 capital letters and digits",
        remedy: "the root of SPY's options is 'SPY', of BRK.B's 'BRKB'")
    }
    guard (2000...2099).contains(expiration.year) else {
      throw OptionError(.badExpiry, "expiration \(expiration.iso) is not in 2000 to 2099")
    }
    guard strike > 0, strike <= Self.strikeMax, strike % Self.strikeUnit == 0 else {
      throw OptionError(
        .badStrike,
        "strike \(Price.text(strike)) is not a multiple of 0.001 from 0.001 to 99999.999")
    }
    self.root = root
    self.expiration = expiration
    self.right = right
    self.strike = strike
  }

  /// Parses `SPY250304C00601000`, with or without an `O:` prefix, and with or without the root padded to six
  /// characters.
  public init(parsing text: String) throws(OptionError) {
    var letters = Array(text.utf8)[...]
    if letters.starts(with: "O:".utf8) { letters = letters.dropFirst(2) }
    let tail = Array(letters.suffix(Self.tailCount))
    var root = letters.dropLast(Self.tailCount)
    if root.count == Self.rootLetterMax { while root.last == 0x20 { root.removeLast() } }
    guard tail.count == Self.tailCount, Self.isRoot(root) else {
      throw Self.unreadable(text, "a root of 1 to 6 capital letters and digits, then 15 letters")
    }
    guard let year = Self.number(tail[0..<2]), let month = Self.number(tail[2..<4]),
      let day = Self.number(tail[4..<6]),
      let expiration = CivilDate(year: 2000 + Int(year), month: Int(month), day: Int(day))
    else { throw Self.unreadable(text, "a date yymmdd after the root") }
    guard let right = OptionRight(rawValue: String(decoding: tail[6..<7], as: UTF8.self)) else {
      throw Self.unreadable(text, "'C' or 'P' after the date")
    }
    guard let strike = Self.number(tail[7..<15]), strike > 0 else {
      throw Self.unreadable(text, "a strike of 8 digits, in thousandths, at the end")
    }
    self.root = String(decoding: root, as: UTF8.self)
    self.expiration = expiration
    self.right = right
    self.strike = strike * Self.strikeUnit
  }

  // MARK: - Formats

  /// `SPY250304C00601000`.
  public var description: String { root + tail }

  /// Massive's form: `O:SPY250304C00601000`.
  public var prefixed: String { "O:" + description }

  /// The 21-character form of OCC and Databento: `SPY   250304C00601000`.
  public var padded: String {
    root + String(repeating: " ", count: Self.rootLetterMax - root.utf8.count) + tail
  }

  /// Whether the root ends in a digit: a corporate action has changed what the contract delivers.
  public var isAdjusted: Bool { root.utf8.last.map(Self.isDigit) ?? false }

  /// The root without an adjustment's digit: `SPY` for `SPY1`.
  public var standardRoot: String {
    var letters = root.utf8[...]
    while letters.count > 1, letters.last.map(Self.isDigit) == true { letters.removeLast() }
    return String(decoding: letters, as: UTF8.self)
  }

  private var tail: String {
    let iso = Array(expiration.iso.utf8)
    let date = String(decoding: iso[2..<4] + iso[5..<7] + iso[8..<10], as: UTF8.self)
    let digits = String(strike / Self.strikeUnit)
    return date + right.rawValue + String(repeating: "0", count: 8 - digits.utf8.count) + digits
  }

  // MARK: - Characters

  private static func isDigit(_ letter: UInt8) -> Bool { (0x30...0x39).contains(letter) }

  private static func isRoot(_ letters: some Collection<UInt8>) -> Bool {
    (1...rootLetterMax).contains(letters.count)
      && letters.allSatisfy { isDigit($0) || (0x41...0x5A).contains($0) }
      && !letters.allSatisfy(isDigit)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    guard digits.allSatisfy(isDigit) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
  }

  private static func unreadable(_ text: String, _ expected: String) -> OptionError {
    OptionError(
      .badSymbol, "'\(text)' is no option symbol: expected \(expected)",
      remedy: "like 'O:SPY250304C00601000': SPY, 2025-03-04, call, strike 601")
  }
}

extension OptionSymbol: Comparable {
  /// Orders by root, expiration, right (calls first) and strike.
  public static func < (left: OptionSymbol, right: OptionSymbol) -> Bool {
    (left.root, left.expiration, left.right.rawValue, left.strike)
      < (right.root, right.expiration, right.right.rawValue, right.strike)
  }
}
