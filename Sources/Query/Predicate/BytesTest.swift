/// A test of a text value, by the order of its bytes (that of Unicode scalars for UTF-8).
struct BytesTest: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// One of these, in order.
    case values([[UInt8]])
    /// Between the bounds; nil is open-ended.
    case range(low: [UInt8]?, includesLow: Bool, high: [UInt8]?, includesHigh: Bool)
    case like(LikePattern)
    /// A comma-separated list that has one of these as an element.
    case listed([[UInt8]])
  }

  var kind: Kind
  var isNegated = false

  init(_ kind: Kind, isNegated: Bool = false) {
    self.kind = kind
    self.isNegated = isNegated
  }

  init(values: some Sequence<[UInt8]>, isNegated: Bool = false) {
    var sorted = values.sorted { Self.isLess($0, $1) }
    var index = 1
    while index < sorted.count {
      if sorted[index] == sorted[index - 1] { sorted.remove(at: index) } else { index += 1 }
    }
    self.init(.values(sorted), isNegated: isNegated)
  }

  init(_ comparison: Comparison, _ value: [UInt8]) {
    switch comparison {
    case .equal: self.init(values: [value])
    case .notEqual: self.init(values: [value], isNegated: true)
    case .less:
      self.init(.range(low: nil, includesLow: true, high: value, includesHigh: false))
    case .lessOrEqual:
      self.init(.range(low: nil, includesLow: true, high: value, includesHigh: true))
    case .greater:
      self.init(.range(low: value, includesLow: false, high: nil, includesHigh: true))
    case .greaterOrEqual:
      self.init(.range(low: value, includesLow: true, high: nil, includesHigh: true))
    }
  }

  var negated: BytesTest { BytesTest(kind, isNegated: !isNegated) }

  func matches(_ value: UnsafeRawBufferPointer) -> Bool {
    let isInside: Bool
    switch kind {
    case .values(let values): isInside = values.contains { Self.compare(value, $0) == 0 }
    case .range(let low, let includesLow, let high, let includesHigh):
      var inside = true
      if let low {
        let order = Self.compare(value, low)
        inside = order > 0 || order == 0 && includesLow
      }
      if inside, let high {
        let order = Self.compare(value, high)
        inside = order < 0 || order == 0 && includesHigh
      }
      isInside = inside
    case .like(let pattern): isInside = pattern.matches(value)
    case .listed(let names): isInside = Self.lists(value, names)
    }
    return isInside != isNegated
  }

  /// What bounds imply; nil bounds are unknown.
  func verdict(low: [UInt8]?, high: [UInt8]?) -> Verdict {
    let plain = plainVerdict(low: low, high: high)
    if !isNegated { return plain }
    switch plain {
    case .none: return .all
    case .some: return .some
    case .all: return .none
    }
  }

  private func plainVerdict(low: [UInt8]?, high: [UInt8]?) -> Verdict {
    if let low, let high, low == high {
      let test = BytesTest(kind)
      return low.withUnsafeBytes { test.matches($0) } ? .all : .none
    }
    switch kind {
    case .values(let values):
      for value in values {
        let isBelow = low.map { Self.isLess(value, $0) } ?? false
        let isAbove = high.map { Self.isLess($0, value) } ?? false
        if !isBelow, !isAbove { return .some }
      }
      return .none
    case .range(let from, let includesFrom, let to, let includesTo):
      if let from, let high, Self.isLess(high, from) || high == from && !includesFrom {
        return .none
      }
      if let to, let low, Self.isLess(to, low) || low == to && !includesTo { return .none }
      let startsInside =
        from.map { from in
          low.map { Self.isLess(from, $0) || from == $0 && includesFrom } ?? false
        } ?? true
      let endsInside =
        to.map { to in
          high.map { Self.isLess($0, to) || to == $0 && includesTo } ?? false
        } ?? true
      return startsInside && endsInside ? .all : .some
    // The list may have anything before the name.
    case .listed: return .some
    case .like(let pattern):
      let prefix = pattern.prefix
      if prefix.isEmpty { return .some }
      if let high, Self.isLess(high, prefix) { return .none }
      if let low, Self.isLess(prefix, low), !low.starts(with: prefix) { return .none }
      return .some
    }
  }

  private static func lists(_ value: UnsafeRawBufferPointer, _ names: [[UInt8]]) -> Bool {
    var start = 0
    while start <= value.count {
      let end = value[start...].firstIndex(of: 0x2C) ?? value.count
      let part = UnsafeRawBufferPointer(rebasing: value[start..<end])
      if names.contains(where: { compare(part, $0) == 0 }) { return true }
      start = end + 1
    }
    return false
  }

  static func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.lexicographicallyPrecedes(right)
  }

  /// Negative, 0 or positive, as memcmp.
  static func compare(_ left: UnsafeRawBufferPointer, _ right: [UInt8]) -> Int {
    let count = Swift.min(left.count, right.count)
    var index = 0
    while index < count {
      if left[index] != right[index] { return left[index] < right[index] ? -1 : 1 }
      index += 1
    }
    return left.count - right.count
  }
}

/// SQL's LIKE: `%` is any text, `_` any character, `\` escapes the next one.
struct LikePattern: Equatable, Sendable {
  private enum Piece: Equatable, Sendable {
    case byte(UInt8)
    case anyCharacter
    case anyText
  }

  private var pieces: [Piece] = []

  init(_ pattern: String) {
    var isEscaped = false
    for byte in pattern.utf8 {
      if isEscaped || byte != 0x25 && byte != 0x5F && byte != 0x5C {
        pieces.append(.byte(byte))
        isEscaped = false
      } else if byte == 0x5C {
        isEscaped = true
      } else if byte == 0x5F {
        pieces.append(.anyCharacter)
      } else if pieces.last != .anyText {
        pieces.append(.anyText)
      }
    }
    if isEscaped { pieces.append(.byte(0x5C)) }
  }

  /// The literal text that every match begins with.
  var prefix: [UInt8] {
    var bytes: [UInt8] = []
    for piece in pieces {
      guard case .byte(let byte) = piece else { break }
      bytes.append(byte)
    }
    return bytes
  }

  /// Linear in pattern × value: after a mismatch only the last `%` is extended by a byte.
  func matches(_ value: UnsafeRawBufferPointer) -> Bool {
    var piece = 0
    var at = 0
    var retry: (piece: Int, at: Int)?
    while at < value.count {
      if piece < pieces.count {
        switch pieces[piece] {
        case .anyText:
          retry = (piece + 1, at)
          piece += 1
          continue
        case .anyCharacter:
          at += 1
          while at < value.count, value[at] & 0xC0 == 0x80 { at += 1 }
          piece += 1
          continue
        case .byte(let byte):
          if byte == value[at] {
            at += 1
            piece += 1
            continue
          }
        }
      }
      guard let (again, from) = retry else { return false }
      retry = (again, from + 1)
      piece = again
      at = from + 1
    }
    while piece < pieces.count, pieces[piece] == .anyText { piece += 1 }
    return piece == pieces.count
  }
}
