import Catalog
import Columnar
import DeltaLog
import Ledger
import Market
import Tables

/// A table that is checked for gaps: its files by partition, and what the ledger knows of it.
struct GapSource {
  let table: LakeTable
  let dataset: String
  let indexColumn: String
  let depth: GapDepth
  /// Days since 1970, in the table's zone.
  let partitions: [(days: Range<Int>, files: [AddFile])]
  let period: PartitionPeriod
  /// How files are read.
  let plain: PlainFiles
  let zone: TimeZoneRules
  /// The time span of the rows' dates, in ns since 1970 UTC; nil for an empty table.
  let extent: Range<Int64>?
  private let ledger: CoverageLedger
  private let sources: Set<Source>
  /// All symbols that the ledger knows, with their types.
  let knownSymbols: [String: Set<String>]

  /// Whose intervals the ledger keeps together.
  private struct Source: Hashable {
    var dataset: String
    var schema: String
    var symbolType: String
  }

  init(_ table: LakeTable, lake: Lake, ledger: CoverageLedger) throws {
    self.table = table
    // Another table may hold the same, such as bars adjusted for splits.
    let ledger = CoverageLedger(
      events: ledger.events.filter { $0.table == nil || $0.table == table.displayName })
    self.ledger = ledger
    let snapshot = try table.snapshot(applies: .allFeatures)
    plain = PlainFiles(snapshot, root: table.path)
    let schema = try table.schema(of: snapshot, in: lake)
    indexColumn =
      snapshot.configuration[TableProperty.index] ?? schema?.indexColumn ?? "ts_event"
    depth = GapDepth(schema)
    let named = snapshot.configuration[TableProperty.dataset] ?? ""
    let own = ledger.events.filter { $0.table == table.displayName }
    let kind = schema?.kind ?? ""
    let events =
      own.isEmpty && table.name?.layer == "raw"
      ? ledger.events.filter { $0.dataset == named && $0.schema == kind && $0.table == nil } : own
    dataset = named.isEmpty ? events.last?.dataset ?? "" : named
    sources = Set(
      events.map { Source(dataset: $0.dataset, schema: $0.schema, symbolType: $0.symbolType) })
    var symbols: [String: Set<String>] = [:]
    for source in sources {
      for symbol in ledger.symbols(
        dataset: source.dataset, schema: source.schema, symbolType: source.symbolType)
      {
        symbols[symbol, default: []].insert(source.symbolType)
      }
    }
    knownSymbols = symbols
    let period = try snapshot.partitionPeriod()
    self.period = period
    let files = try snapshot.files
    let grouped = Dictionary(grouping: files) { period.start(of: $0) }
    if grouped[nil] != nil {
      throw PassError(
        .input, "table '\(table.displayName)' has files without a date", place: table.path,
        remedy: "gaps can be told of tables that are partitioned by 'date', 'month' or 'year' alone"
      )
    }
    partitions = grouped.compactMap { day, files in
      day.map { (period.days(around: $0), files) }
    }.sorted { $0.days.lowerBound < $1.days.lowerBound }
    zone = try TimeZoneRules.named(
      snapshot.configuration[TableProperty.partitionTimezone] ?? "UTC")
    let figures = TableFigures(of: files, fields: [])
    if let first = figures.firstDate.flatMap({ CivilDate(iso: $0) }),
      let last = figures.lastDate.flatMap({ CivilDate(iso: $0) })
    {
      let start = zone.startOfDay(first.daysSinceEpoch) * 1_000_000_000
      extent = start..<zone.startOfDay(last.daysSinceEpoch + 1) * 1_000_000_000
    } else {
      extent = nil
    }
  }

  /// What the ledger knows of a symbol, or of a name that the vendor was asked for.
  func coverage(of symbol: String) -> SeriesCoverage {
    var stretches: [CoverageLedger.Stretch] = []
    for source in sources {
      stretches += ledger.stretches(
        dataset: source.dataset, schema: source.schema, symbolType: source.symbolType,
        symbol: symbol)
    }
    stretches.sort { $0.interval.lowerBound < $1.interval.lowerBound }
    // Coverage that was inferred from a file's rows says nothing more about a symbol than the rows do.
    if stretches.allSatisfy({ $0.event.reason == CoverageEvent.symbolsOfRows }) { stretches = [] }
    return SeriesCoverage(stretches: stretches)
  }

  /// From the first instant to the last known to the table or the ledger.
  var knownExtent: Range<Int64>? {
    var known = extent
    for symbol in knownSymbols.keys {
      guard let own = coverage(of: symbol).extent else { continue }
      known =
        known.map {
          min($0.lowerBound, own.lowerBound)..<max($0.upperBound, own.upperBound)
        } ?? own
    }
    return known
  }

  /// By symbol: the names that stood for it, and when. Names that are symbols of the table are left out.
  var namesOfSymbols: [String: [(name: String, interval: Range<Int64>)]] {
    var found: [String: [(name: String, interval: Range<Int64>)]] = [:]
    for name in requestedNames.sorted() {
      for stretch in ledger.contracts(named: name, table: table.displayName) {
        found[stretch.symbol, default: []].append((name, stretch.interval))
      }
    }
    return found
  }

  /// Names that the vendor was asked for and that are no symbols of the table.
  var requestedNames: Set<String> {
    Set(
      knownSymbols.filter {
        !$0.value.contains("raw_symbol") && $0.key != CoverageLedger.allSymbols
      }.keys)
  }
}
