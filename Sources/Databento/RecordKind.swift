/// The kind of a record: the vendor calls this a *schema*, and the raw value is the vendor's name.
///
/// `tbbo` and `mbp-1` share one wire layout and one record type; only a file's metadata tells them
/// apart. `symbol-mapping`, `error` and `system` are records that belong to no schema.
public enum RecordKind: String, CaseIterable, Hashable, Sendable {
  case mbo
  case trades
  case mbp1 = "mbp-1"
  case mbp10 = "mbp-10"
  case tbbo
  case bbo1s = "bbo-1s"
  case bbo1m = "bbo-1m"
  case cmbp1 = "cmbp-1"
  case cbbo1s = "cbbo-1s"
  case cbbo1m = "cbbo-1m"
  case tcbbo
  case ohlcv1s = "ohlcv-1s"
  case ohlcv1m = "ohlcv-1m"
  case ohlcv1h = "ohlcv-1h"
  case ohlcv1d = "ohlcv-1d"
  case ohlcvEod = "ohlcv-eod"
  case definition
  case statistics
  case status
  case imbalance
  case symbolMapping = "symbol-mapping"
  case error
  case system

  /// The record type on the wire.
  public var rtype: UInt8 {
    switch self {
    case .trades: 0x00
    case .mbp1, .tbbo: 0x01
    case .mbp10: 0x0A
    case .status: 0x12
    case .definition: 0x13
    case .imbalance: 0x14
    case .error: 0x15
    case .symbolMapping: 0x16
    case .system: 0x17
    case .statistics: 0x18
    case .ohlcv1s: 0x20
    case .ohlcv1m: 0x21
    case .ohlcv1h: 0x22
    case .ohlcv1d: 0x23
    case .ohlcvEod: 0x24
    case .mbo: 0xA0
    case .cmbp1: 0xB1
    case .cbbo1s: 0xC0
    case .cbbo1m: 0xC1
    case .tcbbo: 0xC2
    case .bbo1s: 0xC3
    case .bbo1m: 0xC4
    }
  }

  /// The record type of all bars before each interval got its own.
  static let deprecatedBarRType: UInt8 = 0x11

  /// The kind of a record, given the schema of its file if known.
  ///
  /// - Returns: nil for an invalid record type.
  public init?(rtype: UInt8, schema: RecordKind?) {
    if let schema, schema.rtype == rtype || (rtype == Self.deprecatedBarRType && schema.isBar) {
      self = schema
      return
    }
    guard let kind = Self.allCases.first(where: { $0.rtype == rtype && $0 != .tbbo }) else {
      return nil
    }
    self = kind
  }

  /// The vendor's name of the record type.
  public var rtypeName: String {
    switch self {
    case .trades: "mbp-0"
    case .tbbo: "mbp-1"
    case .definition: "instrument-def"
    default: rawValue
    }
  }

  /// The schema's number in the metadata; nil for kinds that are no schema.
  public var schemaNumber: UInt16? {
    Self.schemasByNumber.firstIndex(of: self).map { UInt16($0) }
  }

  /// By the number in a header; nil if it is unknown.
  public init?(schemaNumber: UInt16) {
    guard Int(schemaNumber) < Self.schemasByNumber.count else { return nil }
    self = Self.schemasByNumber[Int(schemaNumber)]
  }

  private static let schemasByNumber: [RecordKind] = [
    .mbo, .mbp1, .mbp10, .tbbo, .trades, .ohlcv1s, .ohlcv1m, .ohlcv1h, .ohlcv1d, .definition,
    .statistics, .status, .imbalance, .ohlcvEod, .cmbp1, .cbbo1s, .cbbo1m, .tcbbo, .bbo1s, .bbo1m,
  ]

  /// Whether the record is an open-high-low-close-volume bar.
  public var isBar: Bool {
    switch self {
    case .ohlcv1s, .ohlcv1m, .ohlcv1h, .ohlcv1d, .ohlcvEod: true
    default: false
    }
  }

  /// Whether the record is market data, rather than a stream message.
  public var isSchema: Bool { schemaNumber != nil }

  /// The field by which records of this kind are sorted: `ts_recv`, or `ts_event` if there is none.
  public var indexFieldName: String {
    switch self {
    case .ohlcv1s, .ohlcv1m, .ohlcv1h, .ohlcv1d, .ohlcvEod, .symbolMapping, .error, .system:
      "ts_event"
    default: "ts_recv"
    }
  }
}
