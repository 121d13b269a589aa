import Columnar
import DeltaLog

/// What one input puts into one table, read and encoded, not yet committed.
struct SourceWork {
  let target: TableTarget
  let sha256: String
  var segments: [PendingSegment] = []
  /// Stored files that go when the segments come.
  var removals: [AddFile] = []
  var rejected: [RejectedRow] = []
  var repeatCount = 0
  var flagCount = 0
  /// Interval that the input covers, in ns: half-open; nil where it has no rows and no header.
  var interval: Range<Int64>?
  var symbols: [String] = []
  var symbolType = "raw_symbol"

  /// What the input is known by in its table: the same again is done already.
  let appId: String
  var isDone: Bool { target.has(input: appId) }
  var storedRowCount: Int { segments.reduce(0) { $0 + $1.staged.rowCount } }
  var isWithoutRows: Bool { segments.isEmpty && rejected.isEmpty && repeatCount == 0 }
  var sentinelCount: Int { segments.reduce(0) { $0 + $1.staged.sentinelCount } }

  /// - Parameter identity: What a download is known by; a file is known by its content, whatever its
  ///   name or compression.
  init(target: TableTarget, sha256: String, identity: String? = nil) {
    self.target = target
    self.sha256 = sha256
    appId = (identity ?? "lake/ingest/\(sha256)") + "/\(target.name)"
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
    return event
  }

  /// In ns; that of the last days before the end of 64 bits is the end.
  private static func start(ofDay day: Int) -> Int64 {
    let (start, overflow) = Int64(day).multipliedReportingOverflow(by: 86_400_000_000_000)
    return overflow ? (day < 0 ? .min : .max) : start
  }

  /// Takes segments, and says in their tags what they hold.
  ///
  /// - Parameter interval: What the input says it covers.
  mutating func take(_ staged: [StagedSegment], interval: Range<Int64>?) {
    self.interval = interval
    for segment in staged {
      let day = Self.start(ofDay: segment.day)
      var start = segment.timeRange?.lowerBound ?? day
      var end = (segment.timeRange?.upperBound).map { $0 == .max ? .max : $0 + 1 } ?? day
      if let interval {
        start = min(start, max(interval.lowerBound, day))
        end = max(end, min(interval.upperBound, Self.start(ofDay: segment.day + 1)))
      }
      if self.interval == nil { self.interval = start..<end }
      if let known = self.interval {
        self.interval = min(known.lowerBound, start)..<max(known.upperBound, end)
      }
      segments.append(
        PendingSegment(
          staged: segment,
          tags: [
            AddFile.Tag.rows: "\(segment.rowCount)",
            AddFile.Tag.rowHash: segment.fingerprint.description,
            SegmentTag.start: "\(start)", SegmentTag.end: "\(end)",
          ]))
    }
  }
}
