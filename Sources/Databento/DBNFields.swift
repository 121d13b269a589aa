import Columnar

/// The record layouts of every version of the format.
///
/// - Spec: Databento Binary Encoding; the layouts are those of the vendor's own declarations.
public enum DBNFields {
  /// Newest version of the format that is read and written.
  public static let versionMax = 3
  /// Longest record, in bytes: 255 units of four.
  public static let recordByteCountMax = 255 * 4
  /// Bytes that `ts_out` adds to the end of a record.
  public static let tsOutByteCount = 8

  /// The fields of a record in the vendor's print order, without `ts_out`.
  ///
  /// - Parameter version: 1, 2 or 3.
  public static func fields(_ kind: RecordKind, version: Int) -> [DBNField] {
    layout(kind, version: version).fields
  }

  /// The fields of a record as in a stream, with `ts_out` last if the stream has it.
  public static func fields(_ kind: RecordKind, version: Int, tsOut: Bool) -> [DBNField] {
    let layout = layout(kind, version: version)
    guard tsOut else { return layout.fields }
    let field = DBNField(
      name: "ts_out", offset: layout.byteCount, form: .timestamp, nullSentinel: .max,
      isPrice: false,
      isTimestamp: true, group: .top)
    return layout.fields + [field]
  }

  /// The layout of a kind's records as packed rows: the bytes of a run need no conversion.
  public static func rowLayout(_ kind: RecordKind, version: Int, tsOut: Bool) -> RowLayout {
    RowLayout(
      stride: recordByteCount(kind, version: version, tsOut: tsOut),
      fields: fields(kind, version: version, tsOut: tsOut).map(\.rowField))
  }

  /// Bytes of a record, a multiple of four.
  public static func recordByteCount(_ kind: RecordKind, version: Int, tsOut: Bool) -> Int {
    layout(kind, version: version).byteCount + (tsOut ? tsOutByteCount : 0)
  }

  /// Width of a symbol in metadata and symbol mapping records, including its final NUL.
  public static func symbolByteCount(version: Int) -> Int { version < 2 ? 22 : 71 }

  static func layout(_ kind: RecordKind, version: Int) -> RecordLayout {
    precondition((1...versionMax).contains(version), "the caller checks the version")
    switch kind {
    case .mbo: return .mbo
    case .trades: return .trades
    case .mbp1, .tbbo: return .mbp1
    case .mbp10: return .mbp10
    case .bbo1s, .bbo1m: return .bbo
    case .cmbp1, .tcbbo: return .cmbp1
    case .cbbo1s, .cbbo1m: return .cbbo
    case .ohlcv1s, .ohlcv1m, .ohlcv1h, .ohlcv1d, .ohlcvEod: return .ohlcv
    case .definition:
      return version == 1 ? .definitionV1 : version == 2 ? .definitionV2 : .definitionV3
    case .statistics: return version < 3 ? .statisticsV1 : .statisticsV3
    case .status: return .status
    case .imbalance: return .imbalance
    case .symbolMapping: return version < 2 ? .symbolMappingV1 : .symbolMappingV2
    case .error: return version < 2 ? .errorV1 : .errorV2
    case .system: return version < 2 ? .systemV1 : .systemV2
    }
  }
}

/// Bytes of a record, a multiple of four.
public func recordByteCount(_ kind: RecordKind, version: Int, tsOut: Bool) -> Int {
  DBNFields.recordByteCount(kind, version: version, tsOut: tsOut)
}
