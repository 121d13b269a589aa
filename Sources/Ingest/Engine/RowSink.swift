import Columnar
import Platform
import Synchronization
import Tables

/// A row is out of order, though rows before it were encoded already.
///
/// The source is read again, and everything is sorted before it is encoded.
struct OutOfOrder: Error {}

/// How the rows of one source become the rows of one table.
struct RowPlan: Sendable {
  let layout: RowLayout
  let order: RowOrder
  let columns: [PhysicalColumn]
  /// Offset of the code of `symbol`.
  let symbolOffset: Int
  /// Fields that identify rows of one symbol and index timestamp; nil if the table has no key.
  let keyFields: [RowField]?
  /// How rows are assigned to partitions.
  let dates: PartitionDates

  /// Row groups are encoded before a date is complete only if no key can repeat.
  var mayEncodeEarly: Bool { keyFields == nil }
}

/// Sorts the rows of one source into partition dates and symbols, in bounded memory.
///
/// One thread feeds it. Complete dates, and full row groups of tables without a key, are passed to the closures
/// as soon as possible; the rest at `finish`. Memory does not affect which rows are in a row group.
final class RowSink {
  /// Rows of later dates after which a date counts as complete.
  static let closingRowCount = 65_536
  /// Dates that are open at once: each takes some kilobytes, however few its rows.
  static let openDateMax = 65_536
  /// Symbols on open dates, counted once per date: each takes some hundred bytes.
  static let openSeriesMax = 2_000_000
  /// Blocks after which they are counted.
  private static let seriesCheckPeriod = 32

  let plan: RowPlan
  let pool: RowPool
  /// Texts of the rows' codes.
  let texts: StringTable
  /// Rows so far, including duplicates.
  private(set) var ordinal: Int64 = 0
  private(set) var partitions: [Int: PartitionRows] = [:]
  private var spill: SpillFile?
  private let spillDirectory: String
  private var closedDays: Set<Int> = []
  private var latestDay = Int.min
  private var rowsOfLatestDay = 0
  private var blocksSinceCheck = 0
  /// Whether dates never went back; then dates are closed, and row groups encoded, while reading.
  private var isMonotone: Bool
  private let mayEncodeEarly: (RowSink, PartitionRows, Int) throws -> Bool
  private let encodeEarly: (RowSink, PartitionRows, Int, RowRun) throws -> Void
  private let close: (RowSink, PartitionRows) throws -> Void

  /// - Parameters:
  ///   - mayClose: false for a source that can't be read twice, or is known to be unsorted.
  ///   - mayEncodeEarly: Whether all rows of the symbol at a slot will be stored, whatever the table holds.
  ///   - encodeEarly: Takes a full row group of the symbol at a slot.
  ///   - close: Takes a complete date.
  init(
    plan: RowPlan, texts: StringTable = StringTable(), spillDirectory: String, mayClose: Bool,
    mayEncodeEarly: @escaping (RowSink, PartitionRows, Int) throws -> Bool = { _, _, _ in true },
    encodeEarly: @escaping (RowSink, PartitionRows, Int, RowRun) throws -> Void,
    close: @escaping (RowSink, PartitionRows) throws -> Void
  ) {
    self.plan = plan
    self.texts = texts
    self.spillDirectory = spillDirectory
    self.mayEncodeEarly = mayEncodeEarly
    self.encodeEarly = encodeEarly
    self.close = close
    isMonotone = mayClose
    pool = RowPool(stride: plan.layout.stride)
  }

  /// The rows of the period that holds a date; the source's current date should be kept by the caller.
  ///
  /// - Parameter date: Days since 1970.
  func partition(holding date: Int) throws -> PartitionRows {
    let day = plan.dates.period.start(ofDay: date)
    if closedDays.contains(day) { throw OutOfOrder() }
    if day < latestDay {
      // Nothing was closed yet, or this date would have been closed.
      isMonotone = false
    } else if day > latestDay {
      latestDay = day
      rowsOfLatestDay = 0
    }
    if let known = partitions[day] { return known }
    guard partitions.count < Self.openDateMax else {
      throw PassError(
        .input, "the rows have more than \(Self.openDateMax) dates",
        remedy: "split the file: what is before a date, and what is after it")
    }
    let fresh = PartitionRows(day: day)
    partitions[day] = fresh
    return fresh
  }

  /// Called after every block of `rowCount` rows.
  func didAppend(rowCount: Int) throws {
    ordinal += Int64(rowCount)
    rowsOfLatestDay += rowCount
    blocksSinceCheck += 1
    if blocksSinceCheck >= Self.seriesCheckPeriod { try checkSeriesCount() }
    guard isMonotone else { return }
    if partitions.count > 1 && rowsOfLatestDay >= Self.closingRowCount {
      for day in partitions.keys.sorted() where day < latestDay {
        if let partition = partitions.removeValue(forKey: day) { try close(self, partition) }
        closedDays.insert(day)
      }
    }
  }

  /// Refuses more series than memory has room for: spilling frees rows, but not the state of each symbol.
  private func checkSeriesCount() throws {
    blocksSinceCheck = 0
    let count = partitions.values.reduce(0) { $0 + $1.symbolCount }
    guard count > Self.openSeriesMax else { return }
    throw PassError(
      .input,
      "the rows have more than \(Self.openSeriesMax) symbols, counted once a date",
      remedy: "sort the file by time, or split it")
  }

  /// A symbol's run has reached a full row group.
  func didFill(_ partition: PartitionRows, slot: Int) throws {
    let symbol = partition.symbols + slot
    guard plan.mayEncodeEarly, isMonotone, symbol.pointee.isOrdered,
      symbol.pointee.fragments.isEmpty, try mayEncodeEarly(self, partition, slot)
    else { return }
    try encodeEarly(self, partition, slot, symbol.pointee.takeEarlyGroup())
  }

  /// Passes on everything that is left, in date order.
  func finish() throws {
    for day in partitions.keys.sorted() {
      if let partition = partitions.removeValue(forKey: day) { try close(self, partition) }
    }
  }

  /// Moves all rows in memory to a spill file, sorted by date and symbol.
  func spillAll() throws {
    let file = try spill ?? SpillFile(directory: spillDirectory, stride: plan.layout.stride)
    spill = file
    for day in partitions.keys.sorted() {
      guard let partition = partitions[day] else { continue }
      for slot in 0..<partition.symbolCount {
        let symbol = partition.symbols + slot
        if symbol.pointee.run.rowCount == 0 { continue }
        var rows = symbol.pointee.run.pointers(stride: plan.layout.stride)
        if !symbol.pointee.isOrdered { rows = plan.order.sorted(rows) }
        symbol.pointee.fragments.append(try file.write(rows, order: plan.order))
        pool.give(symbol.pointee.takeRun().chunks)
      }
    }
  }

  /// Waits for encoders, then spills, if the rows of `sinks` take more than `byteCount`.
  static func relieve(_ sinks: [RowSink], above byteCount: Int, pool: WorkPool) throws {
    func used() -> Int { sinks.reduce(0) { $0 + $1.pool.usedByteCount } }
    // The feeder keeps reading, which no other thread can do, until memory gets short; then encoding goes
    // first, as reused memory costs less than fresh memory.
    let relaxed = byteCount / 4 * 3
    if used() > relaxed { try pool.helpWithTasks { used() <= relaxed } }
    if used() <= byteCount { return }
    // Rows are spilled only while no other thread uses them.
    guard try pool.helpUntilIdle(or: { used() <= byteCount }), used() > byteCount else { return }
    try sinks.max { $0.pool.usedByteCount < $1.pool.usedByteCount }?.spillAll()
  }
}
