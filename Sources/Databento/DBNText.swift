// A DBN file as text, printed as Databento's own tool prints it: CSV or JSON lines, the vendor's
// fields in the vendor's order, the symbol last. Blocks are formatted by several threads and written
// in order.

import Bytes
import Platform
import Synchronization

/// Prints the records of a stream.
public final class DBNText: @unchecked Sendable {
  /// Receives text in order; called by one thread at a time.
  public typealias Output = @Sendable (UnsafeRawBufferPointer) throws -> Void

  private let reader: DBNReader
  private let options: DBNTextOptions
  private let output: Output
  private let shouldStop: @Sendable () -> Bool
  /// Guards everything below, which is used by one thread at a time.
  private let lock = Mutex(())
  private let turnstile = Turnstile()
  private var names: PrintedSymbols
  private var ticketCount = 0
  private var recordCount = 0
  private var isDone = false
  private var failure: (any Error)?
  /// The first kind of a CSV; later ones must have the same columns.
  private var csvKind: RecordKind?

  /// - Parameter shouldStop: Polled before each block; if true, printing ends.
  public init(
    reader: DBNReader, options: DBNTextOptions, shouldStop: @escaping @Sendable () -> Bool,
    output: @escaping Output
  ) {
    self.reader = reader
    self.options = options
    self.shouldStop = shouldStop
    self.output = output
    names = PrintedSymbols(metadata: reader.metadata)
  }

  /// Prints all records.
  ///
  /// - Returns: The number of records printed.
  /// - Throws: After all records before the damage were printed.
  public func run(width: Int = Parallel.width) throws -> Int {
    try Parallel.forEach(max(1, width)) { _ in self.work() }
    if failure == nil, csvKind == nil, let schema = options.schema ?? reader.metadata?.schema {
      writeHeader(schema)
    }
    if let failure { throw failure }
    return recordCount
  }

  /// A block's runs with the symbols that apply to each.
  private struct Job {
    var ticket: Int
    var header: RecordKind?
    var runs: [(run: RecordRun, names: PrintedSymbols)] = []
  }

  private func work() {
    let block = DBNBlock()
    let out = ByteBuffer()
    let formatter = TextFormatter(version: reader.version, tsOut: reader.tsOut, options: options)
    while let job = next(block) {
      out.removeAll()
      for (run, names) in job.runs {
        formatter.append(run, of: UnsafeRawPointer(block.bytes.base), names: names, to: out)
      }
      turnstile.pass(job.ticket) {
        if let header = job.header { writeHeader(header) }
        write(out.bytes)
      }
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) {
    do {
      try output(bytes)
    } catch {
      lock.withLock { _ in
        isDone = true
        if failure == nil { failure = error }
      }
    }
  }

  private func writeHeader(_ kind: RecordKind) {
    guard options.format == .csv, options.hasHeader else { return }
    let plan = TextPlan(kind, version: reader.version, tsOut: reader.tsOut, options: options)
    Array(plan.header.utf8).withUnsafeBytes { write($0) }
  }

  /// Reads the next block; nil when nothing more is to be printed.
  private func next(_ block: DBNBlock) -> Job? {
    lock.withLock { _ in
      if isDone || shouldStop() { return nil }
      do {
        guard try reader.read(into: block) else {
          isDone = true
          return nil
        }
        return job(block)
      } catch {
        isDone = true
        failure = error
        return nil
      }
    }
  }

  /// Selects the runs to be printed.
  private func job(_ block: DBNBlock) -> Job {
    var job = Job(ticket: ticketCount)
    ticketCount += 1
    var record = block.firstRecord
    for run in block.runs {
      defer { record += run.count }
      // A mapping applies from its own record on.
      if run.kind == .symbolMapping, names.isLive {
        for index in 0..<run.count {
          let one = run.single(index)
          observe(one, block)
          if !add(one, record + index, to: &job) { break }
        }
      } else if !add(run, record, to: &job) {
        break
      }
    }
    if recordCount == options.limit { isDone = true }
    return job
  }

  /// Adds the requested part of a run.
  ///
  /// - Returns: false when nothing more is to be printed.
  private func add(_ run: RecordRun, _ record: Int, to job: inout Job) -> Bool {
    if let schema = options.schema, run.kind != schema { return true }
    var run = run
    if let limit = options.limit { run.count = min(run.count, limit - recordCount) }
    if run.count == 0 { return false }
    if options.format == .csv {
      if csvKind == nil { job.header = run.kind }
      if let error = mixing(run, record) {
        // Earlier records are printed first.
        isDone = true
        failure = error
        return false
      }
    }
    recordCount += run.count
    job.runs.append((run, names))
    return true
  }

  private func observe(_ run: RecordRun, _ block: DBNBlock) {
    for index in 0..<run.count {
      names.observe(
        UnsafeRawPointer(block.bytes.base) + run.start + index * run.stride,
        version: reader.version)
    }
  }

  /// A CSV has one header, and so one kind of rows.
  private func mixing(_ run: RecordRun, _ record: Int) -> DBNError? {
    guard let first = csvKind else {
      csvKind = run.kind
      return nil
    }
    if first == run.kind { return nil }
    let version = reader.version
    if DBNFields.fields(first, version: version) == DBNFields.fields(run.kind, version: version) {
      return nil
    }
    var error = DBNError(
      .unsupported,
      "a record of '\(run.kind.rawValue)' follows records of '\(first.rawValue)': one CSV cannot"
        + " hold both", remedy: "--schema \(first.rawValue), or --format jsonl")
    error.place.record = record
    return error.inFile(reader.path)
  }
}
