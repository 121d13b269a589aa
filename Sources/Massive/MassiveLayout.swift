import Columnar

/// The packed rows of each kind. Fields have the vendor's names, which `schemas/` gives as `source`.
public enum MassiveLayout {
  /// A row begins with 32 validity bits: bit n is that of the n-th nullable field.
  static func null(_ bit: Int) -> RowNull { .bit(offset: bit / 8, mask: 1 << UInt8(bit % 8)) }

  /// Offset of the index timestamp in the rows of every kind.
  public static let indexOffset = 8

  /// Offsets in the rows of stock and option bars.
  enum Bar {
    static let symbol = 4
    static let time = 8
    static let open = 16
    static let high = 24
    static let low = 32
    static let close = 40
    static let volume = 48
    static let transactions = 56
    static let vwap = 64
    static let extra = 72
    static let stride = 80
  }

  /// Offsets in the rows of index bars.
  enum IndexBar {
    static let symbol = 4
    static let time = 8
    static let open = 16
    static let high = 32
    static let low = 48
    static let close = 64
    static let extra = 80
    static let stride = 88
  }

  /// Bars of stocks and options: prices of 9 decimals, volume of 6.
  public static let bars = RowLayout(
    stride: Bar.stride,
    fields: [
      RowField("symbol", .text, offset: Bar.symbol),
      RowField("t", .timestamp, offset: Bar.time),
      RowField("o", .int64, offset: Bar.open), RowField("h", .int64, offset: Bar.high),
      RowField("l", .int64, offset: Bar.low), RowField("c", .int64, offset: Bar.close),
      RowField("v", .int64, offset: Bar.volume, null: null(0)),
      RowField("vw", .int64, offset: Bar.vwap, null: null(1)),
      RowField("n", .int64, offset: Bar.transactions, null: null(2)),
      RowField("extra", .text, offset: Bar.extra, null: null(3)),
    ])

  /// Bars of indices: values with 18 decimals.
  public static let indexBars = RowLayout(
    stride: IndexBar.stride,
    fields: [
      RowField("symbol", .text, offset: IndexBar.symbol),
      RowField("t", .timestamp, offset: IndexBar.time),
      RowField("o", .int128, offset: IndexBar.open),
      RowField("h", .int128, offset: IndexBar.high),
      RowField("l", .int128, offset: IndexBar.low),
      RowField("c", .int128, offset: IndexBar.close),
      RowField("extra", .text, offset: IndexBar.extra, null: null(3)),
    ])

  /// Contracts, as of a date that the caller gives.
  public static var contracts: RowLayout { RecordShape.contracts.layout }
  /// Opening and closing prices of a day.
  public static var openClose: RowLayout { RecordShape.openClose.layout }
  /// News.
  public static var news: RowLayout { RecordShape.news.layout }
}
