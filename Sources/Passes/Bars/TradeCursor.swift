import Columnar
import Parquet
import Tables

/// Reads the trades of one data file, page by page, and of each page only the columns that are needed.
///
/// Pages without a trade cost their column of actions alone.
final class TradeCursor {
  /// Consecutive trades of one symbol in the batch.
  struct Run {
    var symbol: ArraySlice<UInt8>
    var rows: Range<Int>
  }

  /// Rows that are read together.
  private struct Span {
    var rows: StoredSpan
    /// Whether they may hold trades that are needed.
    var isWanted = true
  }

  let reader: SegmentReader
  private let columns: TradeColumns
  /// The partition date of the rows: nanoseconds since 1970 UTC.
  private let date: Range<Int64>
  private let sessions: TradeSessions
  /// Whether rows of other dates are in the file.
  private let isMixed: Bool
  private let hasTies: Bool
  private let spans: [Span]
  /// Whether rows that are not needed are counted all the same.
  private let counts: Bool
  private var span = 0
  /// Whether the current span holds nothing that is needed.
  private var isCountedOnly = false
  private var group: TradePages?

  let batch = TradeBatch()
  var runs: [Run] = []
  /// Index of the first run that was not taken.
  private(set) var run = 0
  private(set) var tally = TradeTally()
  /// By row of the batch.
  private var publishers = IntegerScratch()
  private var instruments = IntegerScratch()
  private(set) var hasPublishers = false
  private(set) var hasInstruments = false
  var picked: [Int32] = []
  var symbols = Column(type: .string, storage: .integers([]))
  private var actions = Column(type: .string, storage: .integers([]))

  /// - Parameters:
  ///   - date: The partition date of the rows.
  ///   - window: Trades outside are not needed.
  ///   - hasTies: Whether the order of equal trades does not follow from that of the rows.
  init(
    _ reader: SegmentReader, columns: TradeColumns, date: Range<Int64>, window: Range<Int64>,
    sessions: TradeSessions, isMixed: Bool, hasTies: Bool, counts: Bool
  ) throws {
    self.reader = reader
    self.columns = columns
    self.date = date
    self.sessions = sessions
    self.isMixed = isMixed
    self.hasTies = hasTies
    self.counts = counts
    for name in ["symbol", columns.index.name, columns.price.name, columns.size.name]
    where !reader.has(name) {
      throw PassError(.input, "the file has no column '\(name)'", place: reader.path)
    }
    let all = try Self.spans(reader, columns, date, window)
    spans = counts ? all : all.filter(\.isWanted)
  }

  /// All rows, and which of them may hold trades of a window, by what the page index says of their times.
  private static func spans(
    _ reader: SegmentReader, _ columns: TradeColumns, _ date: Range<Int64>, _ window: Range<Int64>
  ) throws -> [Span] {
    if window.isEmpty { return reader.rowGroups.map { Span(rows: $0, isWanted: false) } }
    if window.lowerBound <= date.lowerBound, date.upperBound <= window.upperBound {
      return reader.rowGroups.map { Span(rows: $0) }
    }
    let times = window.lowerBound...window.upperBound - 1
    func mayHold(_ page: SegmentPage) -> Bool { page.bounds.mayHold(symbol: nil, times: times) }
    let received = try reader.pages(index: columns.index)
    guard let time = columns.time, reader.has(time.name) else {
      return joined(received.map { Span(rows: $0.span, isWanted: mayHold($0)) })
    }
    // A trade counts by either of its times.
    let happened = try reader.pages(index: time)
    if happened.map(\.span) != received.map(\.span) {
      return reader.rowGroups.map { Span(rows: $0) }
    }
    return joined(
      zip(received, happened).map { received, happened in
        Span(rows: received.span, isWanted: mayHold(received) || mayHold(happened))
      })
  }

  /// Consecutive rows of a row group as one, so that its columns are opened once.
  private static func joined(_ spans: [Span]) -> [Span] {
    spans.reduce(into: []) { joined, span in
      if let last = joined.last, last.isWanted == span.isWanted,
        last.rows.rowGroup == span.rows.rowGroup,
        last.rows.rows.upperBound == span.rows.rows.lowerBound
      {
        joined[joined.count - 1].rows.rows =
          last.rows.rows.lowerBound..<span.rows.rows.upperBound
      } else {
        joined.append(span)
      }
    }
  }

  /// The symbol of the next run; nil at the end.
  func nextSymbol() throws -> ArraySlice<UInt8>? {
    while run == runs.count {
      if try !readPage() { return nil }
    }
    return runs[run].symbol
  }

  /// Gives the rows of the next run their series, and returns them.
  ///
  /// - Parameters:
  ///   - consolidated: Whether all publishers are one series.
  ///   - keepsInstruments: Whether the numbers of instruments mean the same in all files.
  func takeRun(
    _ series: TradeSeries, consolidated: Bool, keepsInstruments: Bool
  ) -> Range<Int> {
    let rows = runs[run].rows
    run += 1
    var last: (publisher: Int64, instrument: Int64)?
    var code: Int32 = 0
    let target = batch.series
    for row in rows {
      let publisher = hasPublishers ? publishers.base[row] : 0
      let instrument = hasInstruments ? instruments.base[row] : 0
      if last?.publisher != publisher || last?.instrument != instrument {
        code = series.code(
          publisher: hasPublishers && !consolidated ? publisher : nil,
          instrument: hasInstruments && (keepsInstruments || !consolidated) ? instrument : nil)
        last = (publisher, instrument)
      }
      target[row] = code
    }
    return rows
  }

  // MARK: - Pages

  /// Reads the next page that has trades; false at the end.
  private func readPage() throws -> Bool {
    runs.removeAll(keepingCapacity: true)
    run = 0
    while true {
      if group == nil {
        guard span < spans.count else { return false }
        let rows = spans[span].rows
        group = TradePages(reader, rowGroup: rows.rowGroup, rows: rows.rows)
        isCountedOnly = !spans[span].isWanted
        span += 1
      }
      guard let pages = group else { return false }
      let rows = try pages.next(columns.action ?? columns.price)
      if rows == 0 {
        group = nil
        continue
      }
      tally.recordCount += rows
      try pick(pages, rows)
      tally.tradeCount += picked.count
      if picked.isEmpty { continue }
      if isCountedOnly {
        try count(pages)
        continue
      }
      try fill(pages, rows)
      if batch.count > 0 {
        try findRuns(pages)
        return true
      }
    }
  }

  /// Finds the trades of a page.
  private func pick(_ pages: TradePages, _ rows: Int) throws {
    if picked.count < rows { picked = [Int32](repeating: 0, count: rows) }
    guard let action = columns.action, try pages.read(action, into: &actions) else {
      picked = (0..<Int32(rows)).map { $0 }
      return
    }
    let trade = [UInt8(ascii: "T")][...]
    var count = 0
    var found = [Int32](repeating: 0, count: rows)
    switch actions.storage {
    case .codes(let codes, let dictionary):
      let isTrade = (0..<max(dictionary.count, 1)).map { entry in
        entry < dictionary.count && dictionary.bytes[dictionary.byteRange(entry)] == trade ? 1 : 0
      }
      codes.withUnsafeBufferPointer { codes in
        isTrade.withUnsafeBufferPointer { isTrade in
          for row in 0..<rows {
            found[count] = Int32(truncatingIfNeeded: row)
            count = count &+ isTrade[Int(codes[row])]
          }
        }
      }
    case .bytes(let texts):
      for row in 0..<rows where texts.bytes[texts.byteRange(row)] == trade {
        found[count] = Int32(row)
        count += 1
      }
    default:
      throw PassError(
        .input, "column 'action' is \(actions.type.name), expected string", place: reader.path)
    }
    picked = Array(found.prefix(count)).filter { !actions.isNull(Int($0)) }
  }

  /// Reads the values of the picked rows, and leaves out those that count for nothing.
  private func fill(_ pages: TradePages, _ rows: Int) throws {
    let count = picked.count
    batch.removeAll(reserving: count)
    batch.hasTies = hasTies
    let hasPrices = try pages.gather(columns.price, picked, into: batch.price)
    let hasSizes = try pages.gather(columns.size, picked, into: batch.size)
    if let sequence = columns.sequence {
      _ = try pages.gather(sequence, picked, into: batch.sequence)
    } else {
      batch.sequence.update(repeating: 0, count: count)
    }
    publishers.reserve(count)
    instruments.reserve(count)
    hasPublishers =
      try columns.publisher.map {
        try pages.gather($0, picked, into: publishers.base).isKnown
      } ?? false
    hasInstruments =
      try columns.instrument.map {
        try pages.gather($0, picked, into: instruments.base).isKnown
      } ?? false
    if hasTies {
      if let ordinal = columns.ordinal {
        _ = try pages.gather(ordinal, picked, into: batch.ordinal)
      } else {
        batch.ordinal.update(repeating: 0, count: count)
      }
    }
    try readTimes(pages)
    batch.count = count
    if !hasPrices.isComplete || !hasSizes.isComplete {
      drop(&tally.undefinedCount) { hasPrices.isNull($0) || hasSizes.isNull($0) }
    }
    if isMixed { dropOthers() }
    try filterSessions()
  }

  /// Counts the picked rows, none of which is needed.
  private func count(_ pages: TradePages) throws {
    batch.removeAll(reserving: picked.count)
    publishers.reserve(picked.count)
    instruments.reserve(picked.count)
    let undated = tally.undatedCount
    try readTimes(pages)
    // Those that count are counted by whoever needs them.
    tally.undatedCount = undated
    batch.count = picked.count
    if isMixed { dropOthers() }
    try filterSessions()
  }

  /// Leaves out rows of other dates.
  private func dropOthers() {
    var others = 0
    drop(&others) { !self.date.contains(self.pageTimes.base[$0]) }
    tally.recordCount -= others
    tally.tradeCount -= others
  }

  /// Times of receipt of the picked rows, if they were needed.
  private var pageTimes = IntegerScratch()

  private func readReceived(_ pages: TradePages) throws {
    pageTimes.reserve(picked.count)
    try pages.gatherTimes(columns.index, columns.indexPlus, picked, into: pageTimes.base)
  }

  private func readTimes(_ pages: TradePages) throws {
    let count = picked.count
    if isMixed || hasTies || columns.time == nil {
      try readReceived(pages)
      if hasTies { batch.received.update(from: pageTimes.base, count: count) }
    }
    guard let time = columns.time, reader.has(time.name) else {
      if columns.time != nil, !isMixed, !hasTies { try readReceived(pages) }
      batch.time.update(from: pageTimes.base, count: count)
      return
    }
    let known = try pages.gatherTimes(time, columns.timePlus, picked, into: batch.time)
    let (from, to) = (date.lowerBound, date.upperBound)
    var outside = 0
    for row in 0..<count {
      let time = batch.time[row]
      outside += time < from || time >= to ? 1 : 0
    }
    if outside == 0, known.isComplete { return }
    if !isMixed, !hasTies { try readReceived(pages) }
    for row in 0..<count {
      let time = batch.time[row]
      if time >= from, time < to, !known.isNull(row) { continue }
      batch.time[row] = pageTimes.base[row]
      if known.isKnown { tally.undatedCount += 1 }
    }
  }

  /// Leaves out rows, keeping what belongs to each together.
  private func drop(_ dropped: inout Int, _ isDropped: (Int) -> Bool) {
    var kept = 0
    for row in 0..<batch.count {
      if isDropped(row) { continue }
      if kept != row { move(row, to: kept) }
      kept += 1
    }
    dropped += batch.count - kept
    batch.count = kept
  }

  private func move(_ row: Int, to target: Int) {
    batch.move(row, to: target)
    picked[target] = picked[row]
    publishers.base[target] = publishers.base[row]
    instruments.base[target] = instruments.base[row]
    if isMixed { pageTimes.base[target] = pageTimes.base[row] }
  }

  private func filterSessions() throws {
    if case .all = sessions.hours { return }
    var kept = 0
    var stretch = sessions.last
    for row in 0..<batch.count {
      if !stretch.times.contains(batch.time[row]) {
        stretch = try sessions.stretch(at: batch.time[row])
      }
      if stretch.day == nil { continue }
      if kept != row { move(row, to: kept) }
      kept += 1
    }
    tally.outsideCount += batch.count - kept
    batch.count = kept
  }
}
