import Catalog
import Columnar
import DeltaLog
import Market
import Platform
import Synchronization
import Tables

/// Checks the bars of a table by all rules in one reading, partition by partition.
///
/// Memory: pages of one partition a job; partitions of several files, or of unsorted ones, are held whole.
public struct ValidatePass: Sendable {
  /// What is checked, and how.
  public struct Options: Sendable {
    /// Partitions that are read at once.
    public var jobs = Parallel.width
    /// Name of a calendar; nil for that of the table's dataset.
    public var calendar: String?
    /// First instant of the rows that are looked at, in ns; nil for all. Whole partitions are left out.
    public var start: Int64?
    /// First instant after them.
    public var end: Int64?

    /// All rows, by the calendar of the dataset.
    public init() {}
  }

  static let name = "validate"

  private let lake: Lake
  private let table: LakeTable
  private let snapshot: Snapshot
  private let plain: PlainFiles
  private let schema: TableSchema
  private let fields: [Field]
  private let index: String
  private let options: Options
  private let observer: any PassObserver
  private let expectation: BarExpectation

  /// - Throws: If the table cannot be read, or holds no bars.
  public init(
    lake: Lake, table: LakeTable, options: Options = Options(),
    observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
    self.table = table
    self.options = options
    self.observer = observer
    snapshot = try table.snapshot(applies: .allFeatures)
    plain = PlainFiles(snapshot, root: table.path, lakeRoot: lake.root)
    guard let schema = try table.schema(of: snapshot, in: lake) else {
      throw PassError(
        .input,
        "'\(table.displayName)' is the table of another program: nothing says what its rows are",
        place: table.path,
        remedy: "lake ingest \(table.path) --as raw.NAME takes them into a table of bars")
    }
    self.schema = schema
    index = snapshot.configuration[TableProperty.index] ?? schema.indexColumn
    let partitions = snapshot.partitionColumns
    fields = snapshot.fields.filter { !partitions.contains($0.name) }
    let names = Set(snapshot.fields.map(\.name))
    let lacking = Self.columns.filter { !names.contains($0) }
    guard lacking.isEmpty else {
      throw PassError(
        .input,
        "'\(table.displayName)' holds \(schema.kind), which has no \(lacking.joined(separator: ", ")): bars are checked",
        place: table.path, remedy: "name a table of bars: lake tables shows what there is")
    }
    expectation = try Self.expectation(snapshot, schema, options, lake)
  }

  /// Columns that bars have.
  package static let columns = ["open", "high", "low", "close"]

  private static func expectation(
    _ snapshot: Snapshot, _ schema: TableSchema, _ options: Options, _ lake: Lake
  ) throws -> BarExpectation {
    var expectation = BarExpectation()
    expectation.interval = schema.interval
    expectation.zones = [
      try TimeZoneRules.named(snapshot.configuration[TableProperty.partitionTimezone] ?? "UTC")
    ]
    let dataset = snapshot.configuration[TableProperty.dataset] ?? ""
    expectation.allowsNegative = BarExpectation.allowsNegative(dataset: dataset)
    expectation.calendars = try SymbolCalendars(
      lake: lake, dataset: dataset, named: options.calendar)
    return expectation
  }

  /// Reads the table.
  ///
  /// - Throws: If the log is damaged. A partition that cannot be read is part of the report.
  public func run() throws -> ValidationReport.Part {
    var part = ValidationReport.Part(name: table.displayName, interval: expectation.interval?.name)
    let partitions = try snapshot.filesByPartition().filter { isChosen($0.value) }
      .map { (name: folder($0.key), key: $0.key, files: $0.value) }
      .sorted { $0.name < $1.name }
    let source = try SourceVolumes(snapshot, lake: lake)
    let results = Mutex<[Int: PartitionResult]>([:])
    try Parallel.forEach(partitions.count, width: max(1, min(options.jobs, partitions.count))) {
      number in
      if observer.isInterrupted { return }
      let (name, key, files) = partitions[number]
      observer.begin(name)
      var result = PartitionResult()
      do {
        try check(name, key, files, source, &result)
        observer.didRead(byteCount: files.reduce(0) { $0.adding(clamped: Int(clamping: $1.size)) })
        observer.didProcess(rowCount: result.rowCount)
      } catch let error as PassError where error.code == .interrupted {
        return
      } catch {
        result.error = error
      }
      results.withLock { $0[number] = result }
    }
    results.withLock { results in
      for number in partitions.indices {
        guard let result = results[number] else { continue }
        part.rowCount += result.rowCount
        if let error = result.error {
          part.errors.append(("\(table.displayName) \(partitions[number].name)", error))
        } else if result.findings.isEmpty {
          part.passedCount += 1
        } else {
          part.failedCount += 1
        }
        part.findings.add(result.findings)
      }
    }
    return part
  }

  /// What was found in one partition.
  private struct PartitionResult: Sendable {
    var findings = BarFindings()
    var rowCount = 0
    var error: (any Error)?
  }

  private func check(
    _ name: String, _ key: PartitionKey, _ files: [AddFile], _ source: SourceVolumes?,
    _ result: inout PartitionResult
  ) throws {
    let readers = try files.map {
      try plain.reader(of: $0, fields: fields, widens: true)
    }
    let place = table.displayName + (name.isEmpty ? "" : " " + name)
    let bars = TableBars(name: place, files: readers, fields: fields, index: index)
    let checker = BarChecker(bars, expectation, addsVolumes: source != nil)
    try checker.run { observer.isInterrupted }
    result.findings = checker.findings
    result.rowCount = checker.rowCount
    for rule in schema.rules where !BarRule.isBuiltIn(rule) {
      try TableRule(rule, fields: fields, index: index).check(
        readers, place: place, &result.findings)
    }
    if let source, case .some(.some(let date)) = key.values[TableSchema.dateColumn] {
      try source.compare(checker.volumes, date: date, place: place, &result.findings)
    }
  }

  private func isChosen(_ files: [AddFile]) -> Bool {
    if options.start == nil && options.end == nil { return true }
    guard case .some(.some(let date)) = files[0].partitionValues[TableSchema.dateColumn],
      let day = CivilDate(iso: date)
    else { return true }
    let begin = expectation.zones[0].startOfDay(day.daysSinceEpoch).multipliedReportingOverflow(
      by: 1_000_000_000
    ).partialValue
    return begin >= options.start ?? .min && begin < options.end ?? .max
  }

  private func folder(_ key: PartitionKey) -> String {
    snapshot.partitionColumns.isEmpty ? "" : key.folder(snapshot.partitionColumns)
  }
}
