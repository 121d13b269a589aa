import Catalog
import Ingest
import Ledger
import Platform

/// Events of downloads for the coverage ledger.
enum DownloadEvents {
  /// Events of a unit that stores nothing.
  ///
  /// - Parameter isBilled: Whether the vendor delivered; a failed request may not be billed.
  static func withoutRows(
    _ events: [CoverageEvent], runID: String, isBilled: Bool = false
  ) -> [CoverageEvent] {
    let now = Clock.nanoseconds() / 1000 * 1000
    return events.map { event in
      var event = event
      event.recordedAt = now
      event.runID = runID
      event.rowCount = 0
      let isRefused = event.state == .failed || event.state == .notEntitled
      if isRefused && !isBilled { event.costNanoUSD = nil }
      return event
    }
  }

  /// Events of stored rows, completed with what is known only now.
  ///
  /// - Parameter events: As the unit made them; the first one gets the totals.
  static func stored(
    _ events: [CoverageEvent], table: TableName, file: IngestFileReport, runID: String
  ) -> [CoverageEvent] {
    let now = Clock.nanoseconds() / 1000 * 1000
    let notFound = Set(file.notFound)
    var result: [CoverageEvent] = []
    for (index, template) in events.enumerated() {
      var event = template
      event.recordedAt = now
      event.table = table.description
      event.sha256 = file.sha256.isEmpty ? nil : file.sha256
      event.runID = runID
      event.contracts = NamedContract.of(
        file.requestedNames, symbols: event.symbols, interval: event.interval)
      if index == 0 { event.rowCount = Int64(file.rowsProcessed) }
      if file.rowsProcessed == 0, event.state == .complete || event.state == .degraded {
        event.state = .empty
        event.reason = event.reason ?? "the vendor has nothing there"
      }
      let missing = event.symbols.filter { notFound.contains($0) }
      event.symbols.removeAll { notFound.contains($0) }
      if event.symbols.isEmpty {
        event.symbols = missing
        event.state = .empty
        event.reason = "the vendor knows no such symbol in the interval"
      } else if !missing.isEmpty {
        var other = event
        other.symbols = missing
        other.state = .empty
        other.rowCount = 0
        other.byteCount = nil
        other.costNanoUSD = nil
        other.reason = "the vendor knows no such symbol in the interval"
        result.append(other)
      }
      result.append(event)
    }
    return result
  }
}
