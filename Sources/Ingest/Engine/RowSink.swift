import Columnar
import Platform
import Synchronization
import Tables

/// A row that is no longer in order where rows before it have been encoded already.
///
/// The source is read again, and everything is sorted before anything is encoded.
struct OutOfOrder: Error {}

/// How the rows of one source become the rows of one table.
struct RowPlan: Sendable {
  let layout: RowLayout
  let order: RowOrder
  let columns: [PhysicalColumn]
  /// Offset of the code of `symbol`.
  let symbolOffset: Int
  /// Fields that tell rows of one symbol and index timestamp apart; nil where the table has no key.
  let keyFields: [RowField]?
  /// How rows are put into partitions.
  let dates: PartitionDates

  /// Row groups are encoded before a date is complete only where no key can repeat.
  var mayEncodeEarly: Bool { keyFields == nil }
}

/// Sorts the rows of one source into partition dates and symbols, within a bounded memory.
///
/// It is fed by one thread. Complete dates, and full row groups of tables without a key, are handed
/// to `delegate` as soon as they can be; the rest at `finish`. Whatever the memory, the same rows
/// reach the same row groups.
final class RowSink {
  /// Rows of later dates after which a date is taken to be complete.
  static let closingRowCount = 65_536
  /// Dates that are open at once: each takes some kilobytes, whatever its rows.
  static let openDateMax = 65_536
  /// Symbols on open dates, counted once a date: each takes some hundred bytes.
  static let openSeriesMax = 2_000_000
  /// Blocks after which they are counted.
  private static let seriesCheckPeriod = 32

  let plan: RowPlan
  let pool: RowPool
  /// Texts of the rows' codes.
  let texts: StringTable
  /// Rows were taken so far, repeats included.
  private(set) var ordinal: Int64 = 0
  private(set) var partitions: [Int: PartitionRows] = [:]
  private var spill: SpillFile?
  private let spillDirectory: String
  private var closedDays: Set<Int> = []
  private var latestDay = Int.min
  private var rowsOfLatestDay = 0
  private var blocksSinceCheck = 0
  /// Dates never went back; then dates are closed, and row groups encoded, on the way.
  private var isMonotone: Bool
  private let mayEncodeEarly: (RowSink, PartitionRows, Int) throws -> Bool
  private let encodeEarly: (RowSink, PartitionRows, Int, RowRun) throws -> Void
  private let close: (RowSink, PartitionRows) throws -> Void

  /// - Parameters:
  ///   - mayClose: false for a source that can't be read twice, or that is known to be unordered.
  ///   - mayEncodeEarly: Whether the rows of the symbol at a slot stay, whatever the table holds.
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
      // Nothing was closed yet, or this date would have been.
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

  /// Refuses more than memory has room for: spilling frees rows, not what is kept of each symbol.
  private func checkSeriesCount() throws {
    blocksSinceCheck = 0
    let count = partitions.values.reduce(0) { $0 + $1.symbolCount }
    guard count > Self.openSeriesMax else { return }
    throw PassError(
      .input,
      "the rows have more than \(Self.openSeriesMax) symbols, counted once a date",
      remedy: "sort the file by time, or split it")
  }

  /// A symbol's run has come to a full row group.
  func didFill(_ partition: PartitionRows, slot: Int) throws {
    let symbol = partition.symbols + slot
    guard plan.mayEncodeEarly, isMonotone, symbol.pointee.isOrdered,
      symbol.pointee.fragments.isEmpty, try mayEncodeEarly(self, partition, slot)
    else { return }
    try encodeEarly(self, partition, slot, symbol.pointee.takeEarlyGroup())
  }

  /// Hands over what is left, in order of date.
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

  /// Waits for encoders, then spills, where the rows of `sinks` take more than `byteCount`.
  static func relieve(_ sinks: [RowSink], above byteCount: Int, pool: WorkPool) throws {
    func used() -> Int { sinks.reduce(0) { $0 + $1.pool.usedByteCount } }
    // The feeder stays with its reading, which nobody else can do, until memory gets short; then
    // encoding goes first, as memory used again costs less than fresh memory.
    let relaxed = byteCount / 4 * 3
    if used() > relaxed { try pool.helpWithTasks { used() <= relaxed } }
    if used() <= byteCount { return }
    // Rows go to the disk only while no other thread works on them.
    guard try pool.helpUntilIdle(or: { used() <= byteCount }), used() > byteCount else { return }
    try sinks.max { $0.pool.usedByteCount < $1.pool.usedByteCount }?.spillAll()
  }
}
