import Catalog
import Columnar

/// One request to a vendor, and the table for the answer.
public struct VendorRequest: Hashable, Sendable {
  /// Vendor's dataset, like `GLBX.MDP3`.
  public var dataset: String
  /// Record kind, like `ohlcv-1s`.
  public var schema: String
  /// As requested, sorted.
  public var symbols: [String]
  /// Type of the symbols, like `raw_symbol` or `continuous`.
  public var symbolType: String
  /// Half-open, in ns since 1970 UTC.
  public var interval: Range<Int64>
  /// The table that the rows go to.
  public var table: TableName

  /// A request; the interval is half-open, in ns since 1970 UTC.
  public init(
    dataset: String, schema: String, symbols: [String], symbolType: String,
    interval: Range<Int64>, table: TableName
  ) {
    self.dataset = dataset
    self.schema = schema
    self.symbols = symbols.sorted()
    self.symbolType = symbolType
    self.interval = interval
    self.table = table
  }

  /// The request in words: `GLBX.MDP3 ohlcv-1s ES.c.0 2024-01-01/2024-02-01`.
  public var name: String {
    let symbolText =
      symbols.count <= 3
      ? symbols.joined(separator: ",") : "\(symbols[0]),… (\(symbols.count) symbols)"
    return "\(dataset) \(schema) \(symbolText) \(Self.text(interval))"
  }

  /// An interval in words: dates if it consists of whole UTC days.
  public static func text(_ interval: Range<Int64>) -> String {
    func text(_ time: Int64) -> String {
      let nanosecondsPerDay = CivilDate.nanosecondsPerDay
      if time % nanosecondsPerDay == 0 {
        return CivilDate(daysSinceEpoch: Int(time / nanosecondsPerDay)).iso
      }
      return TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9)
    }
    return text(interval.lowerBound) + "/" + text(interval.upperBound)
  }
}
