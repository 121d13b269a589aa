import Columnar
import DeltaLog
import Ledger
import Market
import Tables

/// What one input puts into one table, read and encoded, not yet committed.
struct SourceWork {
  let target: TableTarget
  let sha256: String
  var segments: [PendingSegment] = []
  /// What is left of stored files of which some rows go.
  var kept: [PendingSegment] = []
  /// Stored files that go when the segments come.
  var removals: [AddFile] = []
  /// Rows that are set aside now.
  var rejected: [RejectedRow] = []
  /// Rows that were set aside when the same content came before.
  var setAsideBeforeCount = 0
  /// Rows whose key and content an earlier row of the input had.
  var repeatCount = 0
  /// Rows that the table has already.
  var alreadyStoredCount = 0
  /// Rows that took the place of stored ones which said less.
  var replacementCount = 0
  var overlap: OverlapFinding?
  /// First days of the periods of all its rows, days since 1970.
  var days: Set<Int> = []
  var flagCount = 0
  /// Interval that the input covers, in ns: half-open; nil where it has no rows and no header.
  var interval: Range<Int64>?
  var symbols: [String] = []
  var symbolType = "raw_symbol"
  /// Whether the symbols are those of its rows, and nothing says that it covers more of them.
  var namesSymbolsByRows = false
  /// What the names in `symbols` stood for.
  var requestedNames: [RequestedName] = []

  /// What the input is known by in its table: the same again is done already.
  let appId: String
  var isDone: Bool { target.has(input: appId) }
  var storedRowCount: Int { segments.reduce(0) { $0 + $1.staged.rowCount } }
  var isWithoutRows: Bool {
    segments.isEmpty && rejected.isEmpty && setAsideBeforeCount == 0 && repeatCount == 0
      && alreadyStoredCount == 0
  }
  /// Whether rows were read and none of them is in the table: then the input is not in either.
  var isOnlyQuarantined: Bool {
    segments.isEmpty && repeatCount == 0 && alreadyStoredCount == 0
      && (!rejected.isEmpty || setAsideBeforeCount > 0)
  }
  var sentinelCount: Int { segments.reduce(0) { $0 + $1.staged.sentinelCount } }

  /// - Parameters:
  ///   - identity: What a download is known by; a file is known by its content, whatever its name or
  ///     compression, and by how it was read.
  ///   - reading: How a file was read.
  init(
    target: TableTarget, sha256: String, identity: String? = nil, reading: InputReading = .none
  ) {
    self.target = target
    self.sha256 = sha256
    appId =
      identity.map { $0 + "/\(target.name)" }
      ?? InputIdentity.appId(sha256: sha256, reading: reading, table: target.name)
  }

  /// What the coverage ledger is told; nothing where the input has no rows and no header.
  func event(path: String, byteCount: Int, runID: String) -> CoverageEvent? {
    guard let interval else { return nil }
    var event = CoverageEvent(
      dataset: target.dataset, schema: target.schema.kind, symbols: symbols,
      symbolType: symbolType, interval: interval, state: .claimed,
      table: target.name.description)
    event.rowCount = Int64(storedRowCount)
    event.byteCount = Int64(byteCount)
    event.sha256 = sha256
    event.path = path
    event.runID = runID
    if namesSymbolsByRows { event.reason = CoverageEvent.symbolsOfRows }
    event.contracts = NamedContract.of(requestedNames, symbols: symbols, interval: interval)
    return event
  }

  /// In ns; that of the last days before the end of 64 bits is the end.
  private static func start(ofDay day: Int) -> Int64 {
    let (start, overflow) = Int64(day).multipliedReportingOverflow(by: CivilDate.nanosecondsPerDay)
    return overflow ? (day < 0 ? .min : .max) : start
  }

  /// Takes what a source's rows came to, and says in the segments' tags what they hold.
  ///
  /// - Parameter interval: What the input says it covers.
  mutating func take(_ rows: AssembledRows, interval: Range<Int64>?) {
    self.interval = interval
    repeatCount = rows.repeatCount
    alreadyStoredCount = rows.alreadyStoredCount
    replacementCount = rows.replacementCount
    days = rows.days
    for segment in rows.segments {
      let day = Self.start(ofDay: segment.day)
      var start = segment.timeRange?.lowerBound ?? day
      var end = (segment.timeRange?.upperBound).map { $0 == .max ? .max : $0 + 1 } ?? day
      if let interval {
        start = min(start, max(interval.lowerBound, day))
        end = max(
          end,
          min(
            interval.upperBound,
            Self.start(ofDay: target.schema.period.days(around: segment.day).upperBound)))
      }
      if self.interval == nil { self.interval = start..<end }
      if let known = self.interval {
        self.interval = min(known.lowerBound, start)..<max(known.upperBound, end)
      }
      segments.append(
        PendingSegment(
          staged: segment,
          tags: [
            ColumnSet.tag: rows.columnsTags[segment.day] ?? "",
            SegmentTag.start: "\(start)", SegmentTag.end: "\(end)",
          ]))
    }
  }
}
