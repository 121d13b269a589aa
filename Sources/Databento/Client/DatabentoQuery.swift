import Columnar
import Market

/// A query for records, which can be counted, priced, streamed or ordered as a batch.
public struct DatabentoQuery: Hashable, Sendable {
  /// Symbols per request at most.
  public static let symbolCountMax = 2000
  /// Requests every instrument.
  public static let allSymbols = "ALL_SYMBOLS"

  /// Like `GLBX.MDP3`.
  public var dataset: String
  /// The record kind.
  public var schema: RecordKind
  /// Empty means all.
  public var symbols: [String]
  /// The type of `symbols`.
  public var stypeIn: SType
  /// First index timestamp, in ns since 1970 UTC.
  public var start: Int64
  /// End, exclusive.
  public var end: Int64
  /// Records at most; nil for no limit.
  public var limit: Int?

  /// A query for records.
  public init(
    dataset: String, schema: RecordKind, symbols: [String], stypeIn: SType, start: Int64,
    end: Int64, limit: Int? = nil
  ) {
    self.dataset = dataset
    self.schema = schema
    self.symbols = symbols
    self.stypeIn = stypeIn
    self.start = start
    self.end = end
    self.limit = limit
  }

  /// The UTC dates that the range touches; half-open, as in symbology requests.
  public var dates: Range<CivilDate> {
    let day = CivilDate.nanosecondsPerDay
    let first = Int(start / day)
    return CivilDate(
      daysSinceEpoch: first)..<CivilDate(daysSinceEpoch: max(first, Int((end - 1) / day) + 1))
  }

  /// The form fields of a request for records. Instrument ids are requested by their symbols, which the answer
  /// then maps.
  var recordFields: [(String, String)] {
    guard stypeIn == .instrumentID else { return fields }
    return fields.map { $0.0 == "stype_out" ? ($0.0, SType.rawSymbol.name) : $0 }
  }

  /// The form fields. Instants are sent as whole nanoseconds, which are never rounded.
  var fields: [(String, String)] {
    var fields = [
      ("dataset", dataset),
      ("symbols", symbols.isEmpty ? Self.allSymbols : symbols.joined(separator: ",")),
      ("schema", schema.rawValue), ("start", String(start)), ("end", String(end)),
      ("stype_in", stypeIn.name), ("stype_out", SType.instrumentID.name),
    ]
    if let limit { fields.append(("limit", String(limit))) }
    return fields
  }

  /// Refuses what the vendor would refuse, or split into several symbols.
  func check() throws(DatabentoError) {
    guard start < end else {
      throw DatabentoError(
        .badRange,
        "the range begins at \(Self.text(start)) and ends at \(Self.text(end)), not after it",
        remedy: "choose an end after the start")
    }
    guard symbols.count <= Self.symbolCountMax else {
      throw DatabentoError(
        .badRange, "\(symbols.count) symbols, a request may name \(Self.symbolCountMax)",
        remedy: "ask for fewer at once")
    }
    if let bad = symbols.first(where: { $0.isEmpty || $0.contains(",") }) {
      throw DatabentoError(.unresolved, "'\(bad)' is no symbol")
    }
  }

  static func text(_ nanoseconds: Int64) -> String {
    TimeText.iso(nanoseconds: nanoseconds, digits: nanoseconds % 1_000_000_000 == 0 ? 0 : 9)
  }
}
