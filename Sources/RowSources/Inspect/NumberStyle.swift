/// How a file writes its numbers, where it does not write them as `-1234.5`.
///
/// Text becomes other text, digit by digit: nothing goes through a double.
public struct NumberStyle: Hashable, Sendable {
  /// What stands before the fraction: `.` or `,`.
  public var decimal: UInt8
  /// What stands between groups of three digits; nil where nothing does, as far as is known.
  public var thousands: UInt8?

  /// As programs write numbers.
  public static let plain = NumberStyle(decimal: 0x2E, thousands: nil)

  /// A style with these signs.
  public init(decimal: UInt8, thousands: UInt8?) {
    self.decimal = decimal
    self.thousands = thousands
  }

  /// Names of marks that stand beside a number, and mean nothing for it.
  private static let currencies = ["$", "€", "£", "¥", "₹", "USD", "EUR", "GBP", "JPY", "PLN"].map {
    Array($0.utf8)
  }
  /// Powers of ten of the letters behind a number.
  private static let powers: [UInt8: Int] = [
    0x4B: 3, 0x6B: 3, 0x4D: 6, 0x6D: 6, 0x42: 9, 0x62: 9, 0x54: 12, 0x74: 12, 0x25: -2,
  ]

  /// A number as programs write it; nil where the text is none in this style.
  ///
  /// `$1,234.50` is `1234.50`, `(3.5)` is `-3.5`, `0.76K` is `0.76e3`, `12%` is `12e-2`.
  func plain(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard let parts = NumberParts(text) else { return nil }
    guard let digits = ungrouped(parts.body) else { return nil }
    return (parts.isNegative ? [0x2D] : []) + digits
      + (parts.power == 0 ? [] : Array("e\(parts.power)".utf8))
  }

  /// The digits without what groups them, and with a point before the fraction.
  private func ungrouped(_ body: ArraySlice<UInt8>) -> [UInt8]? {
    var digits: [UInt8] = []
    var groups: [Int] = [0]
    var mark: UInt8?
    var index = body.startIndex
    while index < body.endIndex, body[index] != decimal {
      let byte = body[index]
      if byte >= 0x30 && byte <= 0x39 {
        digits.append(byte)
        groups[groups.count - 1] += 1
      } else {
        guard NumberParts.isGroupMark(byte), mark == nil || mark == byte else { return nil }
        mark = byte
        groups.append(0)
      }
      index += 1
    }
    let fraction = body[index...].dropFirst()
    guard fraction.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), digits.count + fraction.count > 0
    else { return nil }
    if let mark {
      // What was not seen before is taken for groups only where it can be nothing else.
      let isKnown = mark == thousands || mark == 0x20 || mark == 0x27 || mark == 0x5F
      guard isKnown || !fraction.isEmpty || groups.count > 2,
        thousands == nil || thousands == mark || isKnown, (1...3).contains(groups[0]),
        groups.dropFirst().allSatisfy({ $0 == 3 })
      else { return nil }
    }
    if digits.isEmpty { digits = [0x30] }
    if fraction.isEmpty { return digits }
    return digits + [0x2E] + fraction
  }

  /// What a number consists of.
  struct NumberParts {
    var isNegative = false
    /// Digits and the signs between them.
    var body: ArraySlice<UInt8>
    /// Of ten, by the letter behind it.
    var power = 0

    static func isGroupMark(_ byte: UInt8) -> Bool {
      byte == 0x2C || byte == 0x2E || byte == 0x27 || byte == 0x20 || byte == 0x5F
    }

    /// nil where a text is no number in any style.
    init?(_ text: UnsafeRawBufferPointer) {
      // A no-break space between groups is a space.
      var bytes: [UInt8] = []
      bytes.reserveCapacity(text.count)
      for byte in text {
        if byte == 0xA0, bytes.last == 0xC2 {
          bytes[bytes.count - 1] = 0x20
        } else if byte == 0xAF, bytes.count > 1, bytes.suffix(2).elementsEqual([0xE2, 0x80]) {
          bytes.removeLast(2)
          bytes.append(0x20)
        } else {
          bytes.append(byte)
        }
      }
      body = bytes[...]
      trim()
      if body.first == 0x28, body.last == 0x29 {
        isNegative = true
        body = body.dropFirst().dropLast()
      }
      takeSign()
      takeCurrency()
      // `$-5`, but not `--5`.
      if !isNegative { takeSign() }
      if let last = body.last, let power = NumberStyle.powers[last] {
        self.power = power
        body = body.dropLast()
        trim()
      }
      guard let first = body.first, let last = body.last,
        body.contains(where: { $0 >= 0x30 && $0 <= 0x39 }),
        body.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || Self.isGroupMark($0) }),
        first != 0x20, last != 0x20
      else { return nil }
    }

    private mutating func trim() {
      while let first = body.first, first == 0x20 || first == 0x09 { body.removeFirst() }
      while let last = body.last, last == 0x20 || last == 0x09 { body.removeLast() }
    }

    private mutating func takeSign() {
      if body.first == 0x2D {
        isNegative = true
        body.removeFirst()
      } else if body.first == 0x2B {
        body.removeFirst()
      }
      trim()
    }

    private mutating func takeCurrency() {
      for mark in NumberStyle.currencies {
        if body.starts(with: mark) { body = body.dropFirst(mark.count) }
        if body.count > mark.count, body.suffix(mark.count).elementsEqual(mark) {
          body = body.dropLast(mark.count)
        }
      }
      trim()
    }
  }
}

/// What the numbers of a file say of how they are written.
struct NumberEvidence {
  /// How many values are only read with this sign before the fraction.
  private(set) var points = 0
  private(set) var commas = 0
  private var groupMarks: [UInt8: Int] = [:]
  /// The first value whose comma stands before three digits: a group of them, or a fraction.
  private(set) var open: String?
  /// Whether some values are not written as programs write numbers.
  private(set) var isOdd = false

  mutating func add(_ text: [UInt8]) {
    guard let parts = text.withUnsafeBytes({ NumberStyle.NumberParts($0) }) else { return }
    let body = parts.body
    if body.count != text.count - (text.first == 0x2D ? 1 : 0) { isOdd = true }
    let marks = body.indices.filter { NumberStyle.NumberParts.isGroupMark(body[$0]) }
    guard let last = marks.last, let first = marks.first else { return }
    let behind = body.endIndex - last - 1
    let kinds = Set(marks.map { body[$0] })
    if kinds.count > 1 {
      groupMarks[body[first], default: 0] += 1
      note(body[last])
      isOdd = true
    } else if marks.count > 1 {
      groupMarks[body[first], default: 0] += 1
      isOdd = true
    } else if body[last] == 0x20 || body[last] == 0x27 || body[last] == 0x5F {
      groupMarks[body[last], default: 0] += 1
      isOdd = true
    } else if behind != 3 || last - body.startIndex > 3 || last == body.startIndex
      || body[body.startIndex] == 0x30
    {
      note(body[last])
    } else if body[last] == 0x2C {
      isOdd = true
      if open == nil { open = String(decoding: text, as: UTF8.self) }
    }
  }

  private mutating func note(_ mark: UInt8) {
    if mark == 0x2C {
      commas += 1
      isOdd = true
    } else {
      points += 1
    }
  }

  /// The style; nil where it can be one or another.
  var style: NumberStyle? {
    let group = groupMarks.max { $0.value < $1.value }?.key
    if commas > 0 && points > 0 { return nil }
    if commas > 0 { return NumberStyle(decimal: 0x2C, thousands: group == 0x2C ? nil : group) }
    if group == 0x2E { return NumberStyle(decimal: 0x2C, thousands: 0x2E) }
    if open != nil && group != 0x2C && points == 0 { return nil }
    return NumberStyle(decimal: 0x2E, thousands: group ?? (open == nil ? nil : 0x2C))
  }
}
