// Record layouts are declared in wire order with the vendor's print positions, exactly as in the
// vendor's own struct declarations; offsets and print order are computed from that.

import Columnar

/// One member of a record's declaration, in wire order.
struct LayoutMember {
  enum Content {
    case header
    case field(name: String, form: RowFieldForm, sentinel: UInt64?, role: Role)
    /// Book levels; consolidated ones have publishers instead of order counts.
    case levels(count: Int, isConsolidated: Bool)
    case reserved(byteCount: Int)
  }
  enum Role { case plain, price, timestamp }

  let content: Content
  /// The vendor's `encode_order`: the position in print order; nil keeps the wire order.
  let printPosition: Int?

  init(_ content: Content, _ printPosition: Int? = nil) {
    self.content = content
    self.printPosition = printPosition
  }
}

extension LayoutMember {
  static let header = LayoutMember(.header)

  static func price(_ name: String, at position: Int? = nil) -> LayoutMember {
    LayoutMember(
      .field(name: name, form: .int64, sentinel: .int64Max, role: .price), position)
  }
  static func time(_ name: String, at position: Int? = nil) -> LayoutMember {
    LayoutMember(.field(name: name, form: .timestamp, sentinel: .max, role: .timestamp), position)
  }
  static func text(_ name: String, _ byteCount: Int, at position: Int? = nil) -> LayoutMember {
    LayoutMember(
      .field(name: name, form: .fixedText(byteCount: byteCount), sentinel: nil, role: .plain),
      position)
  }
  static func char(_ name: String, at position: Int? = nil) -> LayoutMember {
    LayoutMember(.field(name: name, form: .character, sentinel: 0, role: .plain), position)
  }
  static func number(
    _ name: String, _ form: RowFieldForm, null sentinel: UInt64? = nil, at position: Int? = nil
  ) -> LayoutMember {
    LayoutMember(.field(name: name, form: form, sentinel: sentinel, role: .plain), position)
  }
  static func reserved(_ byteCount: Int) -> LayoutMember {
    LayoutMember(.reserved(byteCount: byteCount))
  }
  static func levels(_ count: Int, isConsolidated: Bool = false) -> LayoutMember {
    LayoutMember(.levels(count: count, isConsolidated: isConsolidated))
  }
}

/// A record's size and its fields in print order.
struct RecordLayout: Sendable {
  let byteCount: Int
  let fields: [DBNField]

  init(_ members: [LayoutMember]) {
    var offset = 0
    var placed: [(member: LayoutMember, fields: [DBNField])] = []
    for member in members {
      let (fields, byteCount) = Self.layOut(member.content, at: offset)
      placed.append((member, fields))
      offset += byteCount
    }
    byteCount = offset
    fields = Self.printOrder(placed).flatMap { $0 }
  }

  /// Moves each member with a position there, lowest position first.
  private static func printOrder(
    _ placed: [(member: LayoutMember, fields: [DBNField])]
  ) -> [[DBNField]] {
    var order = Array(placed.indices)
    let positioned = placed.indices.compactMap { index in
      placed[index].member.printPosition.map { (position: $0, index: index) }
    }
    for (position, index) in positioned.sorted(by: { $0.position < $1.position }) {
      order.removeAll { $0 == index }
      order.insert(index, at: min(position, order.count))
    }
    return order.map { placed[$0].fields }
  }

  private static func layOut(
    _ content: LayoutMember.Content, at offset: Int
  ) -> (fields: [DBNField], byteCount: Int) {
    switch content {
    case .header: return (headerFields, 16)
    case .reserved(let byteCount): return ([], byteCount)
    case .field(let name, let form, let sentinel, let role):
      let field = DBNField(
        name: name, offset: offset, form: form, nullSentinel: sentinel, isPrice: role == .price,
        isTimestamp: role == .timestamp, group: .top)
      return ([field], form.byteCount)
    case .levels(let count, let isConsolidated):
      let fields = (0..<count).flatMap {
        levelFields($0, at: offset + $0 * 32, isConsolidated: isConsolidated)
      }
      return (fields, count * 32)
    }
  }

  /// The length byte is not printed; the event time comes first.
  private static let headerFields = [
    DBNField(
      name: "ts_event", offset: 8, form: .timestamp, nullSentinel: .max, isPrice: false,
      isTimestamp: true, group: .header),
    plain("rtype", 1, .uint8, .header),
    plain("publisher_id", 2, .uint16, .header),
    plain("instrument_id", 4, .uint32, .header),
  ]

  private static func levelFields(
    _ level: Int, at offset: Int, isConsolidated: Bool
  ) -> [DBNField] {
    let suffix = level < 10 ? "_0\(level)" : "_\(level)"
    let group = DBNField.Group.level(level)
    let prices = ["bid_px", "ask_px"].enumerated().map { index, name in
      DBNField(
        name: name + suffix, offset: offset + index * 8, form: .int64,
        nullSentinel: .int64Max, isPrice: true, isTimestamp: false, group: group)
    }
    let last: [DBNField] =
      isConsolidated
      ? [
        plain("bid_pb" + suffix, offset + 24, .uint16, group),
        plain("ask_pb" + suffix, offset + 28, .uint16, group),
      ]
      : [
        plain("bid_ct" + suffix, offset + 24, .uint32, group),
        plain("ask_ct" + suffix, offset + 28, .uint32, group),
      ]
    return prices + [
      plain("bid_sz" + suffix, offset + 16, .uint32, group),
      plain("ask_sz" + suffix, offset + 20, .uint32, group),
    ] + last
  }

  private static func plain(
    _ name: String, _ offset: Int, _ form: RowFieldForm, _ group: DBNField.Group
  ) -> DBNField {
    DBNField(
      name: name, offset: offset, form: form, nullSentinel: nil, isPrice: false,
      isTimestamp: false, group: group)
  }
}

/// The bits of null sentinels: the largest number of the type.
extension UInt64 {
  static let uint8Max = UInt64(UInt8.max)
  static let int8Max = UInt64(Int8.max)
  static let uint16Max = UInt64(UInt16.max)
  static let int16Max = UInt64(Int16.max)
  static let uint32Max = UInt64(UInt32.max)
  static let int32Max = UInt64(Int32.max)
  static let int64Max = UInt64(Int64.max)
}
