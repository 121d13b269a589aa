// Layouts of statistics, status, imbalances and stream messages. Version 1 had narrower symbols and messages,
// version 2 a narrower statistic.

extension RecordLayout {
  static let status = RecordLayout([
    .header,
    .time("ts_recv", at: 0),
    .number("action", .uint16),
    .number("reason", .uint16),
    .number("trading_event", .uint16),
    .char("is_trading"),
    .char("is_quoting"),
    .char("is_short_sell_restricted"),
    .reserved(7),
  ])

  static let imbalance = RecordLayout([
    .header,
    .time("ts_recv", at: 0),
    .price("ref_price"),
    .time("auction_time"),
    .price("cont_book_clr_price"),
    .price("auct_interest_clr_price"),
    .price("ssr_filling_price"),
    .price("ind_match_price"),
    .price("upper_collar"),
    .price("lower_collar"),
    .number("paired_qty", .uint32, null: .uint32Max),
    .number("total_imbalance_qty", .uint32, null: .uint32Max),
    .number("market_imbalance_qty", .uint32, null: .uint32Max),
    .number("unpaired_qty", .uint32, null: .uint32Max),
    .char("auction_type"),
    .char("side"),
    .number("auction_status", .uint8),
    .number("freeze_status", .uint8),
    .number("num_extensions", .uint8),
    .char("unpaired_side"),
    .char("significant_imbalance"),
    .reserved(1),
  ])

  static let statisticsV1 = statistics(
    .number("quantity", .int32, null: .int32Max), reserved: 6)
  static let statisticsV3 = statistics(
    .number("quantity", .int64, null: .int64Max), reserved: 18)

  private static func statistics(_ quantity: LayoutMember, reserved: Int) -> RecordLayout {
    RecordLayout([
      .header,
      .time("ts_recv", at: 0),
      .time("ts_ref"),
      .price("price"),
      quantity,
      .number("sequence", .uint32),
      .number("ts_in_delta", .int32),
      .number("stat_type", .uint16),
      .number("channel_id", .uint16, null: .uint16Max),
      .number("update_action", .uint8),
      .number("stat_flags", .uint8),
      .reserved(reserved),
    ])
  }

  static let symbolMappingV1 = RecordLayout([
    .header,
    .text("stype_in_symbol", 22),
    .text("stype_out_symbol", 22),
    .reserved(4),
    .time("start_ts"),
    .time("end_ts"),
  ])

  static let symbolMappingV2 = RecordLayout([
    .header,
    .number("stype_in", .uint8, null: .uint8Max),
    .text("stype_in_symbol", 71),
    .number("stype_out", .uint8, null: .uint8Max),
    .text("stype_out_symbol", 71),
    .time("start_ts"),
    .time("end_ts"),
  ])

  static let errorV1 = RecordLayout([.header, .text("err", 64)])
  static let errorV2 = RecordLayout([
    .header, .text("err", 302), .number("code", .uint8, null: .uint8Max),
    .number("is_last", .uint8),
  ])

  static let systemV1 = RecordLayout([.header, .text("msg", 64)])
  static let systemV2 = RecordLayout([
    .header, .text("msg", 303), .number("code", .uint8, null: .uint8Max),
  ])
}
