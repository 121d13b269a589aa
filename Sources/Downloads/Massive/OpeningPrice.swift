import Catalog
import DeltaLog
import Market
import Massive
import RowSources
import Tables

/// The opening price of a symbol: from the lake's own bars if it has them, else from the vendor.
public struct OpeningPrice {
  /// How long after the open the first bar may start.
  private static let slack: Int64 = 5 * 60 * 1_000_000_000

  private let lake: Lake
  private let client: MassiveClient

  /// Asks the lake first, then the vendor.
  public init(lake: Lake, client: MassiveClient) {
    self.lake = lake
    self.client = client
  }

  /// - Returns: The price in billionths of a dollar.
  public func price(_ symbol: String, _ session: TradingSession) throws -> Int64 {
    for interval in ["1s", "1m"] {
      let span = BarSpan(parsing: interval).map { MassiveKind.bars(.stocks, $0) }
      guard let span else { continue }
      let table = try MassiveTable.name(span, isAdjusted: false)
      if let price = try stored(symbol, session, table) { return price }
    }
    guard let open = try client.openClose(symbol, on: session.date)?.open else {
      throw DownloadRefusal(
        .rejected, "the vendor has no opening price of '\(symbol)' on \(session.date.iso)",
        remedy:
          "check the symbol: it is the stock's, like BRK.B, and not the root of its options; before the first "
          + "trade of a day there is none")
    }
    // The vendor's prices have 18 decimals here.
    let price = open / 1_000_000_000
    guard price * 1_000_000_000 == open, let exact = Int64(exactly: price) else {
      throw DownloadRefusal(
        .badData, "the opening price of '\(symbol)' on \(session.date.iso) has too many digits")
    }
    return exact
  }

  /// The open of a session's first bar, if the table has it.
  private func stored(
    _ symbol: String, _ session: TradingSession, _ table: TableName
  ) throws -> Int64? {
    guard lake.hasTable(table) else { return nil }
    let snapshot = try lake.table(table).snapshot()
    let period = try snapshot.partitionPeriod()
    let start = period.start(ofDay: session.date.daysSinceEpoch)
    var best: (time: Int64, open: Int64)?
    for file in try snapshot.files where period.start(of: file) == start {
      let reader = try SegmentReader(path: file.localPath(in: lake.path(of: table)))
      for group in reader.rowGroups {
        let rows = try RowColumns(
          reader, group, columns: ["symbol", "ts_event", "ts_event_plus_ns", "open"])
        for row in 0..<rows.rowCount where rows.text("symbol", row) == symbol {
          guard let time = rows.time("ts_event", row), let open = rows.integer("open", row),
            time >= session.open, time < session.open + Self.slack, time < best?.time ?? .max
          else { continue }
          best = (time, open)
        }
      }
    }
    return best?.open
  }
}
