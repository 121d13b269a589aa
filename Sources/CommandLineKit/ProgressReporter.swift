import CSystem
import Glibc
import Platform
import Synchronization

/// Counters of a running command, drawn on a terminal at most ten times a second from a thread of their own.
///
/// Adding to a counter is one relaxed atomic addition: add per page or batch. Without a terminal nothing is drawn
/// and no thread runs; the counters count all the same.
public final class ProgressReporter: Sendable {
  /// Milliseconds between two drawings, and before the first one: short commands draw nothing.
  static let redrawMilliseconds: Int32 = 100

  private let context: Context
  private let verb: String
  private let began = Clock.monotonicSeconds()
  private let fileIndexCount = Atomic<Int>(0)
  private let fileTotal: Atomic<Int>
  private let rowCounter = Atomic<Int>(0)
  private let storedCounter = Atomic<Int>(0)
  private let rowTotal: Atomic<Int>
  private let byteCounter = Atomic<Int>(0)
  private let byteTotal: Atomic<Int>
  private let errorCounter = Atomic<Int>(0)
  private let currentName = Mutex("")
  private let drawing = Mutex<(thread: pthread_t, wake: Int32, pipe: Int32)?>(nil)

  /// - Parameters:
  ///   - verb: What is going on, like `ingest`.
  ///   - fileTotal: Files there will be; 0 when not known.
  ///   - byteTotal: Bytes there will be, for the share done and the time left; 0 when not known.
  ///   - rowTotal: Rows that were announced: those that came and those that are stored are told of them; 0 when not
  ///     known.
  public init(
    _ context: Context, verb: String, fileTotal: Int = 0, byteTotal: Int = 0, rowTotal: Int = 0
  ) {
    self.context = context
    self.verb = verb
    self.fileTotal = Atomic(fileTotal)
    self.byteTotal = Atomic(byteTotal)
    self.rowTotal = Atomic(rowTotal)
    if context.hasProgress { start() }
  }

  deinit { stop() }

  // MARK: - Counting

  /// Says how much there is to do.
  public func setTotals(files: Int, bytes: Int) {
    fileTotal.store(files, ordering: .relaxed)
    byteTotal.store(bytes, ordering: .relaxed)
  }

  /// A file (or partition) is begun.
  public func beginFile(_ name: String) {
    fileIndexCount.wrappingAdd(1, ordering: .relaxed)
    currentName.withLock { $0 = name }
  }

  /// Counts rows that were read.
  public func addRows(_ count: Int) { rowCounter.wrappingAdd(count, ordering: .relaxed) }
  /// Counts rows that were written.
  public func addStoredRows(_ count: Int) { storedCounter.wrappingAdd(count, ordering: .relaxed) }
  /// Counts bytes that were read.
  public func addBytes(_ count: Int) { byteCounter.wrappingAdd(count, ordering: .relaxed) }
  /// Counts errors.
  public func addErrors(_ count: Int = 1) { errorCounter.wrappingAdd(count, ordering: .relaxed) }

  /// Rows that were read.
  public var rowCount: Int { rowCounter.load(ordering: .relaxed) }
  /// Bytes that were read.
  public var byteCount: Int { byteCounter.load(ordering: .relaxed) }
  /// Errors.
  public var errorCount: Int { errorCounter.load(ordering: .relaxed) }
  /// Seconds since it was made.
  public var elapsedSeconds: Double { Clock.monotonicSeconds() - began }

  /// Stops drawing and erases the line.
  public func finish() { stop() }

  // MARK: - Drawing

  private func start() {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return }
    let loop = DrawLoop(reporter: self, wake: ends[0])
    guard let thread = Parallel.startThread({ loop.run() }) else {
      lake_close(ends[0])
      lake_close(ends[1])
      return
    }
    drawing.withLock { $0 = (thread, ends[0], ends[1]) }
  }

  private func stop() {
    let running = drawing.withLock { running in
      defer { running = nil }
      return running
    }
    guard let running else { return }
    lake_close(running.pipe)
    pthread_join(running.thread, nil)
    lake_close(running.wake)
    context.stderr.setStatus("")
  }

  fileprivate func draw() {
    context.stderr.setStatus(line(columns: context.stderr.descriptor.map(Terminal.columns) ?? 80))
  }

  /// The status line, at most one column less than the terminal is wide.
  func line(columns: Int) -> String {
    let figures = Figures(
      verb: verb, file: fileIndexCount.load(ordering: .relaxed),
      fileTotal: fileTotal.load(ordering: .relaxed), name: currentName.withLock { $0 },
      rowCount: rowCount, storedCount: storedCounter.load(ordering: .relaxed),
      rowTotal: rowTotal.load(ordering: .relaxed), byteCount: byteCount,
      byteTotal: byteTotal.load(ordering: .relaxed),
      errorCount: errorCount, memory: ProcessMemory.residentByteCount, seconds: elapsedSeconds)
    return figures.line(columnMax: columns - 1)
  }
}

/// Draws until its pipe is closed. Holds the reporter weakly, so that a forgotten `finish` ends it too.
private final class DrawLoop: Sendable {
  private let reporter: WeakReporter
  private let wake: Int32

  init(reporter: ProgressReporter, wake: Int32) {
    self.reporter = WeakReporter(reporter)
    self.wake = wake
  }

  func run() {
    var watched = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
    while poll(&watched, 1, ProgressReporter.redrawMilliseconds) == 0 {
      guard let reporter = reporter.value else { return }
      reporter.draw()
    }
  }
}

private final class WeakReporter: Sendable {
  private let box: Mutex<Weak>
  private struct Weak { weak var reporter: ProgressReporter? }

  init(_ reporter: ProgressReporter) { box = Mutex(Weak(reporter: reporter)) }
  var value: ProgressReporter? { box.withLock { $0.reporter } }
}

/// One moment's figures.
struct Figures {
  var verb: String
  var file: Int
  var fileTotal: Int
  var name: String
  var rowCount: Int
  var storedCount = 0
  /// Announced; 0 where nobody did.
  var rowTotal = 0
  var byteCount: Int
  var byteTotal: Int
  var errorCount: Int
  var memory: Int
  var seconds: Double

  /// Parts are left out from the least important on until the line fits.
  func line(columnMax: Int) -> String {
    var parts = self.parts
    while parts.count > 1, Self.joined(parts).count > columnMax {
      let least = parts.indices.dropFirst().max { parts[$0].rank < parts[$1].rank }
      parts.remove(at: least ?? parts.count - 1)
    }
    return String(Self.joined(parts).prefix(max(0, columnMax)))
  }

  private static func joined(_ parts: [(rank: Int, text: String)]) -> String {
    parts.map(\.text).joined(separator: "  ")
  }

  /// The higher the rank, the sooner a part is left out.
  private var parts: [(rank: Int, text: String)] {
    var parts = [(0, verb)]
    if fileTotal > 0 {
      parts.append((1, "\(Quantity.count(file)) of \(Quantity.count(fileTotal))"))
    } else if file > 0 {
      parts.append((1, Quantity.count(file)))
    }
    if byteTotal > 0 { parts.append((3, "\(min(100, byteCount * 100 / max(1, byteTotal)))%")) }
    if rowTotal > 0 {
      let counts = "\(Quantity.count(rowCount)) fetched, \(Quantity.count(storedCount)) stored"
      parts.append((4, counts + " of \(Quantity.count(rowTotal)) rows"))
    } else if rowCount > 0 {
      parts.append((4, "\(Quantity.count(rowCount)) rows"))
    }
    if byteCount > 0 {
      parts.append(
        (5, Quantity.fixed(Double(byteCount) / 1e6 / max(seconds, 1e-3), digits: 1) + " MB/s"))
    }
    if errorCount > 0 {
      parts.append((2, "\(Quantity.count(errorCount)) error" + (errorCount == 1 ? "" : "s")))
    }
    if memory > 0 { parts.append((8, Quantity.bytes(memory))) }
    parts.append((7, Quantity.duration(seconds)))
    if let left = secondsLeft { parts.append((6, "ETA " + Quantity.duration(left))) }
    if !name.isEmpty { parts.append((9, Escaping.controls(name))) }
    return parts
  }

  /// By the bytes where their total is known, else by the files.
  private var secondsLeft: Double? {
    if byteTotal > 0, byteCount > 0 {
      return seconds * Double(max(0, byteTotal - byteCount)) / Double(byteCount)
    }
    if fileTotal > 0, file > 1 {
      return seconds * Double(max(0, fileTotal - file + 1)) / Double(file - 1)
    }
    return nil
  }
}
