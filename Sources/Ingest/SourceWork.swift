import Columnar
import DeltaLog
import Ledger
import Market
import Tables

/// What one input adds to one table: read and encoded, but not committed.
struct SourceWork {
  let target: TableTarget
  let sha256: String
  var segments: [PendingSegment] = []
  /// What is left of stored files of which some rows are removed.
  var kept: [PendingSegment] = []
  /// Stored files that are removed in the same commit.
  var removals: [AddFile] = []
  /// Rows that are quarantined now.
  var rejected: [RejectedRow] = []
  /// Rows that were quarantined when the same content came before.
  var quarantinedBeforeCount = 0
  /// Duplicates: rows whose key and content an earlier row of the input had.
  var duplicateCount = 0
  /// Rows that the table has already.
  var alreadyStoredCount = 0
  /// Rows that replace stored ones with less information.
  var replacementCount = 0
  var overlap: OverlapFinding?
  /// First days of the periods of all its rows, days since 1970.
  var days: Set<Int> = []
  var flagCount = 0
  /// Interval that the input covers, in ns, half-open; nil if it has no rows and no header.
  var interval: Range<Int64>?
  var symbols: [String] = []
  var symbolType = "raw_symbol"
  /// Whether the symbols are taken from its rows, and nothing says that it covers all of theirs.
  var namesSymbolsByRows = false
  /// What the names in `symbols` stood for.
  var requestedNames: [RequestedName] = []

  /// The application id of the input: the same again is done already.
  let appId: String
  /// First and last date of its rows, days since 1970, by the table's partition zone.
  var storedDates: ClosedRange<Int>? {
    get throws {
      let ranges = segments.compactMap(\.staged.timeRange)
      guard let first = ranges.map(\.lowerBound).min(), let last = ranges.map(\.upperBound).max()
      else { return nil }
      let zone = try TimeZoneRules.named(target.timeZone)
      return zone.localDay(nanoseconds: first)...zone.localDay(nanoseconds: last)
    }
  }
  var isDone: Bool { target.has(input: appId) }
  var storedRowCount: Int { segments.reduce(0) { $0 + $1.staged.rowCount } }
  var isWithoutRows: Bool {
    segments.isEmpty && rejected.isEmpty && quarantinedBeforeCount == 0 && duplicateCount == 0
      && alreadyStoredCount == 0
  }
  /// Whether rows were read and none is in the table: then the input does not count as stored.
  var isOnlyQuarantined: Bool {
    segments.isEmpty && duplicateCount == 0 && alreadyStoredCount == 0
      && (!rejected.isEmpty || quarantinedBeforeCount > 0)
  }
  var sentinelCount: Int { segments.reduce(0) { $0 + $1.staged.sentinelCount } }

  /// - Parameters:
  ///   - identity: Identity of a download; a file is identified by its content, whatever its name or
  ///     compression, and by how it was read.
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

  /// The event for the coverage ledger; nil if the input has no rows and no header.
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

  /// In ns; for the last days within 64 bits the end is the maximum.
  private static func start(ofDay day: Int) -> Int64 {
    let (start, overflow) = Int64(day).multipliedReportingOverflow(by: CivilDate.nanosecondsPerDay)
    return overflow ? (day < 0 ? .min : .max) : start
  }

  /// Takes over the rows of a source, and records their content in the segments' tags.
  ///
  /// - Parameter interval: The interval that the input claims.
  mutating func take(_ rows: AssembledRows, interval: Range<Int64>?) {
    self.interval = interval
    duplicateCount = rows.duplicateCount
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
