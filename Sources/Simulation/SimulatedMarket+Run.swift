import CSystem
import Columnar
import Databento
import Glibc
import Platform
import Synchronization

extension SimulatedMarket {
  /// zstd level of the files: the fastest one.
  private static let level = 1

  /// Writes the files, several days in parallel.
  ///
  /// - Parameters:
  ///   - shouldStop: Called about once per simulated minute; true stops the simulation.
  ///   - onDay: Called after each day with its files, from any thread.
  /// - Returns: All files with their record counts, or nil if it was stopped; then the files of completed days
  ///   exist, and no others.
  /// - Throws: `DBNError` or `CompressionError`; for an existing file, before anything is written.
  public func run(
    width: Int = Parallel.width, shouldStop: @escaping @Sendable () -> Bool = { false },
    onDay: @escaping @Sendable ([SimulatedFile]) -> Void = { _ in }
  ) throws -> [SimulatedFile]? {
    try prepareDirectory()
    if !options.overwrites {
      for file in files where lake_access(file.path, F_OK) == 0 {
        throw DBNError(
          .inputOutput, "the output file '\(file.path)' exists", remedy: "--force overwrites it")
      }
    }
    let schemaCount = options.schemas.count
    let written = Mutex<[SimulatedFile]>([])
    let isStopped = Atomic<Bool>(false)
    try Parallel.forEach(files.count / schemaCount, width: width) { index in
      if isStopped.load(ordering: .relaxed) || shouldStop() {
        isStopped.store(true, ordering: .relaxed)
        return
      }
      let day = Array(files[index * schemaCount..<(index + 1) * schemaCount])
      guard let done = try write(day, shouldStop) else {
        isStopped.store(true, ordering: .relaxed)
        return
      }
      written.withLock { $0 += done }
      onDay(done)
    }
    if isStopped.load(ordering: .relaxed) { return nil }
    let counts = written.withLock { $0 }
    return counts.sorted { ($0.date, order($0)) < ($1.date, order($1)) }
  }

  private func order(_ file: SimulatedFile) -> Int {
    options.schemas.firstIndex(of: file.schema) ?? 0
  }

  /// Writes the files of one day; nil if it was stopped.
  private func write(
    _ day: [SimulatedFile], _ shouldStop: () -> Bool
  ) throws -> [SimulatedFile]? {
    guard let date = day.first?.date else { return [] }
    var sinks: [RecordKind: RecordSink] = [:]
    for file in day {
      let writer = try DBNWriter(
        path: file.path, metadata: metadata(file.schema, date), level: Self.level,
        overwrites: options.overwrites)
      sinks[file.schema] = RecordSink(kind: file.schema, writer: writer)
    }
    var simulated = SimulatedDay(self, date: date, sinks: sinks)
    guard try simulated.run(shouldStop: shouldStop) else { return nil }
    var done = day
    for index in done.indices {
      guard let sink = sinks[done[index].schema] else { continue }
      try sink.finish()
      done[index].recordCount = sink.recordCount
    }
    return done
  }

  private func metadata(_ schema: RecordKind, _ date: CivilDate) -> DBNMetadata {
    let nanosecondsPerDay = UInt64(CivilDate.nanosecondsPerDay)
    let start = UInt64(date.daysSinceEpoch) * nanosecondsPerDay
    let next = CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1)
    return DBNMetadata(
      dataset: dataset, schema: schema, start: start, end: start + nanosecondsPerDay,
      symbols: instruments.map(\.symbol),
      mappings: instruments.map {
        let interval = MappingInterval(startDate: date, endDate: next, symbol: String($0.id))
        return SymbolMapping(rawSymbol: $0.symbol, intervals: [interval])
      })
  }

  /// Creates the folder and its parents.
  private func prepareDirectory() throws(DBNError) {
    var path = options.directory.hasPrefix("/") ? "/" : ""
    for part in options.directory.split(separator: "/") {
      path += (path.isEmpty || path == "/" ? "" : "/") + part
      if lake_mkdir(path, 0o777) == 0 || lake_errno() == EEXIST { continue }
      throw DBNError(
        .inputOutput, "cannot make the folder '\(path)': \(String(cString: strerror(lake_errno())))"
      )
    }
  }
}
