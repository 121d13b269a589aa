import Catalog
import Market
import Tables

/// Checks the bars of files, in the order in which they are there.
package struct FileCheck {
  private let lake: Lake?
  private let calendar: String?
  private let observer: any PassObserver
  /// Bytes of times that are held of a file whose rows are in no order.
  private static let timeByteCountMax = 256 << 20

  /// - Parameters:
  ///   - lake: Whose own calendars are looked at first; nil outside of a lake.
  ///   - calendar: Name of a calendar; nil for that of a file's dataset, if it says one.
  package init(
    lake: Lake?, calendar: String?, observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
    self.observer = observer
    self.calendar = calendar
    // A name that is none is told before any file is read.
    if let calendar { _ = try ExchangeCalendar.named(calendar, in: lake) }
  }

  /// Reads a file once; again where its rows are in no order, to find what is there twice.
  ///
  /// - Parameters:
  ///   - interval: Of its bars; nil where nothing tells.
  ///   - zones: In which its dates may begin.
  ///   - again: Opens it once more.
  package func check(
    _ source: any BarSource, interval: Interval?, dataset: String?, zones: [TimeZoneRules],
    again: () throws -> any BarSource
  ) throws -> ValidationReport.Part {
    var expectation = BarExpectation()
    expectation.interval = interval
    expectation.zones = zones
    expectation.allowsNegative = dataset.map { BarExpectation.allowsNegative(dataset: $0) } ?? true
    expectation.calendars = try SymbolCalendars(
      lake: lake, dataset: dataset ?? "", named: calendar)
    let checker = BarChecker(source, expectation)
    try checker.run { observer.isInterrupted }
    var part = ValidationReport.Part(name: source.name, interval: interval?.name)
    part.rowCount = checker.rowCount
    part.findings = checker.findings
    let disordered = checker.disordered
    if !disordered.isEmpty {
      part.findings.remove(.duplicate, count: checker.adjacentCount)
      try countDuplicates(try again(), of: disordered, &part.findings)
    }
    return part
  }

  /// Counts rows of some symbols that have the symbol, time and publisher of another row before them.
  private func countDuplicates(
    _ source: any BarSource, of symbols: Set<String>, _ findings: inout BarFindings
  ) throws {
    var times: [Key: [(time: Int64, row: Int)]] = [:]
    var rowCount = 0
    let batch = BarBatch()
    while try source.next(into: batch) {
      if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      for row in 0..<batch.count {
        let symbol = source.symbolName(batch.symbol[row])
        guard symbols.contains(symbol) else { continue }
        rowCount += 1
        times[Key(symbol: symbol, publisher: batch.publisher[row]), default: []]
          .append((batch.time[row], batch.rowNumber(row)))
      }
      if rowCount * 16 > Self.timeByteCountMax {
        throw PassError(
          .input, "more than \(rowCount) rows are in no order: what is there twice cannot be told",
          place: source.name,
          remedy: "lake ingest sorts them, and lake validate TABLE then looks at the table")
      }
    }
    for (key, own) in times.sorted(by: { $0.key.symbol < $1.key.symbol }) {
      let sorted = own.sorted { ($0.time, $0.row) < ($1.time, $1.row) }
      for (one, other) in zip(sorted, sorted.dropFirst()) where one.time == other.time {
        findings.add(.duplicate) {
          BarExample(
            source: source.name, row: other.row, time: other.time, symbol: key.symbol,
            values: "as row \(one.row)")
        }
      }
    }
  }

  private struct Key: Hashable {
    var symbol: String
    var publisher: Int64
  }
}
