// Layouts of ticks, books and bars. They are the same in every version of the format.

extension RecordLayout {
  static let mbo = RecordLayout([
    .header,
    .number("order_id", .uint64),
    .price("price", at: 4),
    .number("size", .uint32, null: .uint32Max, at: 5),
    .number("flags", .uint8),
    .number("channel_id", .uint8, at: 6),
    .char("action", at: 2),
    .char("side", at: 3),
    .time("ts_recv", at: 0),
    .number("ts_in_delta", .int32),
    .number("sequence", .uint32),
  ])

  static let trades = RecordLayout(tradeMembers)
  static let mbp1 = RecordLayout(tradeMembers + [.levels(1)])
  static let mbp10 = RecordLayout(tradeMembers + [.levels(10)])

  private static let tradeMembers: [LayoutMember] = [
    .header,
    .price("price"),
    .number("size", .uint32, null: .uint32Max),
    .char("action", at: 2),
    .char("side", at: 3),
    .number("flags", .uint8),
    .number("depth", .uint8, at: 4),
    .time("ts_recv", at: 0),
    .number("ts_in_delta", .int32),
    .number("sequence", .uint32),
  ]

  static let bbo = RecordLayout([
    .header,
    .price("price"),
    .number("size", .uint32, null: .uint32Max),
    .reserved(1),
    .char("side", at: 2),
    .number("flags", .uint8),
    .reserved(1),
    .time("ts_recv", at: 0),
    .reserved(4),
    .number("sequence", .uint32),
    .levels(1),
  ])

  static let cmbp1 = RecordLayout([
    .header,
    .price("price"),
    .number("size", .uint32, null: .uint32Max),
    .char("action", at: 2),
    .char("side", at: 3),
    .number("flags", .uint8),
    .reserved(1),
    .time("ts_recv", at: 0),
    .number("ts_in_delta", .int32),
    .reserved(4),
    .levels(1, isConsolidated: true),
  ])

  static let cbbo = RecordLayout([
    .header,
    .price("price"),
    .number("size", .uint32, null: .uint32Max),
    .reserved(1),
    .char("side", at: 2),
    .number("flags", .uint8),
    .reserved(1),
    .time("ts_recv", at: 0),
    .reserved(8),
    .levels(1, isConsolidated: true),
  ])

  static let ohlcv = RecordLayout([
    .header,
    .price("open"),
    .price("high"),
    .price("low"),
    .price("close"),
    .number("volume", .uint64),
  ])
}
