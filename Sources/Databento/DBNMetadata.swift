import Columnar
import Market

/// The header of a DBN file or stream: the request, and how its symbols resolved.
public struct DBNMetadata: Hashable, Sendable {
  /// Version of the format, 1…`DBNFields.versionMax`.
  public var version: Int
  /// The vendor's dataset code, such as `GLBX.MDP3`.
  public var dataset: String
  /// nil for streams of several schemas.
  public var schema: RecordKind?
  /// Start of the request, ns since 1970 UTC; inclusive.
  public var start: UInt64
  /// End of the request, exclusive; nil for a live stream.
  public var end: UInt64?
  /// Most records requested.
  public var limit: UInt64?
  /// Type of the requested symbols; nil for a live stream with several types.
  public var stypeIn: SType?
  /// Type of the symbols that they resolved to.
  public var stypeOut: SType
  /// Whether each record is followed by the time at which the vendor sent it.
  public var tsOut: Bool
  /// Width of a symbol, including its final NUL.
  public var symbolByteCount: Int
  /// The requested symbols.
  public var symbols: [String]
  /// Symbols that resolved only for a part of the range.
  public var partial: [String]
  /// Symbols that did not resolve at all.
  public var notFound: [String]
  /// What the symbols stood for, by day.
  public var mappings: [SymbolMapping]

  /// A header.
  public init(
    version: Int = DBNFields.versionMax, dataset: String, schema: RecordKind?, start: UInt64,
    end: UInt64?, limit: UInt64? = nil, stypeIn: SType? = .rawSymbol,
    stypeOut: SType = .instrumentID, tsOut: Bool = false, symbols: [String] = [],
    partial: [String] = [], notFound: [String] = [], mappings: [SymbolMapping] = []
  ) {
    self.version = version
    self.dataset = dataset
    self.schema = schema
    self.start = start
    self.end = end
    self.limit = limit
    self.stypeIn = stypeIn
    self.stypeOut = stypeOut
    self.tsOut = tsOut
    symbolByteCount = DBNFields.symbolByteCount(version: version)
    self.symbols = symbols
    self.partial = partial
    self.notFound = notFound
    self.mappings = mappings
  }
}

/// How one requested symbol resolved, day by day.
public struct SymbolMapping: Hashable, Sendable {
  /// The requested symbol, in the metadata's `stypeIn`.
  public var rawSymbol: String
  /// Intervals of days, in order.
  public var intervals: [MappingInterval]

  /// How a symbol resolved.
  public init(rawSymbol: String, intervals: [MappingInterval]) {
    self.rawSymbol = rawSymbol
    self.intervals = intervals
  }
}

/// A half-open range of UTC dates with one meaning.
public struct MappingInterval: Hashable, Sendable {
  /// The first day.
  public var startDate: CivilDate
  /// Exclusive.
  public var endDate: CivilDate
  /// The symbol in the metadata's `stypeOut`; empty in old files if there was none.
  public var symbol: String

  /// A symbol's meaning for some days.
  public init(startDate: CivilDate, endDate: CivilDate, symbol: String) {
    self.startDate = startDate
    self.endDate = endDate
    self.symbol = symbol
  }
}
