import Databento
import Platform

/// What a plan's units would bring, and cost.
public struct DownloadQuote: Sendable {
  /// Records that would come.
  public var recordCount = 0
  /// Uncompressed: what is billed.
  public var billableByteCount = 0
  /// What they would cost, in units of 1e-9 USD.
  public var costNanoUSD: Int64 = 0

  /// Nothing.
  public init() {}

  /// Bytes a second, uncompressed, that a download is taken to come in.
  public static let bytesPerSecond = 25_000_000.0

  /// How long it takes, about.
  public var seconds: Double { Double(billableByteCount) / Self.bytesPerSecond }

  /// Asks the vendor for the price of every unit, and notes it there. Costs nothing.
  ///
  /// What the vendor refuses of one unit is noted there, and is none of the others' business. A unit of
  /// several symbols is cut into its symbols then, unless there is nothing of any of them.
  ///
  /// - Parameter width: Questions that are asked at a time.
  public static func make(
    _ units: inout [DownloadUnit], client: DatabentoClient, width: Int
  ) throws -> DownloadQuote {
    let priced = try priced(units, client, width)
    units = []
    for unit in priced {
      // What agrees with a file's claim is not bought.
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

  /// Units with their prices, or why they have none.
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

  /// Units of the same symbols that follow each other, as one.
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
