import Databento
import Platform

/// The size and price of a plan's units.
public struct DownloadQuote: Sendable {
  /// Records in total.
  public var recordCount = 0
  /// Uncompressed size, which is billed.
  public var billableByteCount = 0
  /// Price in 10⁻⁹ USD.
  public var costNanoUSD: Int64 = 0

  /// Zero.
  public init() {}

  /// Assumed speed of a download: uncompressed bytes per second.
  public static let bytesPerSecond = 25_000_000.0

  /// Estimated duration.
  public var seconds: Double { Double(billableByteCount) / Self.bytesPerSecond }

  /// Requests the price of every unit, and stores it there. Free.
  ///
  /// A refusal of one unit is stored there, and does not affect others. A unit of several symbols is then split
  /// by symbol, unless the vendor has nothing for any of them.
  ///
  /// - Parameter width: Requests that are made at once.
  public static func make(
    _ units: inout [DownloadUnit], client: DatabentoClient, width: Int
  ) throws -> DownloadQuote {
    let priced = try priced(units, client, width)
    units = []
    for unit in priced {
      // A claim that agrees is not bought.
      if unit.agreedCount != nil || unit.refusal == nil || unit.refusal?.kind == .empty
        || unit.symbols.count == 1
      {
        units.append(unit)
      } else {
        units += try self.priced(unit.single, client, width)
      }
    }
    var quote = DownloadQuote()
    quote.costNanoUSD = units.reduce(0) { $0 + ($1.costNanoUSD ?? 0) }
    let spans = spans(units.filter { $0.refusal == nil && $0.agreedCount == nil })
    let sums = Monitor((records: 0, bytes: 0))
    try Parallel.forEach(spans.count, width: width) { index in
      let query = try DatabentoDownload.query(spans[index])
      let records = try client.recordCount(query)
      let bytes = try client.billableSize(query)
      sums.withLock {
        $0.records += records
        $0.bytes += bytes
      }
    }
    (quote.recordCount, quote.billableByteCount) = sums.withLock { ($0.records, $0.bytes) }
    return quote
  }

  /// The units with their prices, or refusals.
  private static func priced(
    _ units: [DownloadUnit], _ client: DatabentoClient, _ width: Int
  ) throws -> [DownloadUnit] {
    let priced = Monitor(units)
    try Parallel.forEach(units.count, width: width) { index in
      if units[index].agreedCount != nil { return }
      do {
        let cost = try DatabentoDownload.refusing {
          try client.cost(DatabentoDownload.query(units[index]))
        }
        priced.withLock { $0[index].costNanoUSD = cost }
      } catch let error as DownloadRefusal where error.kind != .unauthorized {
        priced.withLock { $0[index].refusal = error }
      }
    }
    return priced.withLock { $0 }
  }

  /// Joins consecutive units of the same symbols.
  static func spans(_ units: [DownloadUnit]) -> [DownloadUnit] {
    var spans: [DownloadUnit] = []
    for (_, group) in Dictionary(grouping: units, by: \.symbols) {
      for unit in group.sorted(by: { $0.interval.lowerBound < $1.interval.lowerBound }) {
        if let last = spans.last, last.symbols == unit.symbols, last.schema == unit.schema,
          last.interval.upperBound == unit.interval.lowerBound
        {
          spans[spans.count - 1].interval = last.interval.lowerBound..<unit.interval.upperBound
        } else {
          spans.append(unit)
        }
      }
    }
    return spans.sorted { ($0.interval.lowerBound, $0.name) < ($1.interval.lowerBound, $1.name) }
  }
}
