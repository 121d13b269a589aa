import Catalog
import Databento
import LakeTestSupport
import Platform
import Synchronization

@testable import Downloads
@testable import Ingest
@testable import RowSources

/// A vendor with given bars and injected faults.
final class FakeVendor: DownloadSource, @unchecked Sendable {
  enum Fault: Sendable {
    case refusal(DownloadRefusal.Kind)
    /// A connection that drops after some bytes for some attempts.
    case broken(attempts: Int)
    case garbage
    case disk
    /// A record count that differs from the announced one.
    case announced(Int)
    /// Bars that were not requested, in addition to those that were.
    case others([ToyLake.Bar], kind: RecordKind = .ohlcv1s)
  }

  struct Failure: LakeError {
    let codeText = "connection"
    let message = "the line is dead"
    let placeText: String? = nil
    let remedy: String? = nil
  }

  let toy: ToyLake
  // Protected by `lock`.
  private let lock = Mutex(())
  private var bars: [ToyLake.Bar]
  private var asked: [DownloadUnit] = []
  private var fileNumber = 0
  /// Faults by symbol.
  var faults: [String: Fault] = [:]

  init(_ toy: ToyLake, _ bars: [ToyLake.Bar]) {
    self.toy = toy
    self.bars = bars
  }

  var requests: [DownloadUnit] { lock.withLock { _ in asked } }

  func replace(_ bars: [ToyLake.Bar]) { lock.withLock { _ in self.bars = bars } }

  func fetch(_ unit: DownloadUnit, into spool: BodySpool) throws -> FetchedUnit {
    if let refusal = unit.refusal { throw refusal }
    var kind = RecordKind.ohlcv1s
    let (name, rows) = lock.withLock { _ -> (String, [ToyLake.Bar]) in
      asked.append(unit)
      fileNumber += 1
      let days = unit.interval
      var rows = bars.filter { bar in
        let time = Int64((ToyLake.firstDay + bar.day) * 86_400 + bar.second) * 1_000_000_000
        return days.contains(time) && unit.symbols.contains("SYM\(bar.instrument)")
      }
      for symbol in unit.symbols {
        guard case .others(let others, let other) = faults[symbol] else { continue }
        rows += others
        kind = other
      }
      return ("answer-\(fileNumber).dbn.zst", rows)
    }
    let path = try toy.bars(name, rows, kind: kind)
    let bytes = try MemoryFile.bytes(path)
    var attempts = 1
    var announced: Int?
    for symbol in unit.symbols {
      switch faults[symbol] {
      case .refusal(let kind): throw DownloadRefusal(kind, "no \(symbol)")
      case .broken(let count): attempts = count
      case .garbage:
        try spool.restart()
        try Array(repeating: UInt8(7), count: 1000).withUnsafeBytes { try spool.append($0) }
        return FetchedUnit()
      case .disk: throw Failure()
      case .announced(let count): announced = count
      case .others, nil: break
      }
    }
    for attempt in 1...attempts {
      try spool.restart()
      // In pieces, so that the committer reads concurrently.
      let end = attempt == attempts ? bytes.count : bytes.count / 2
      for start in stride(from: 0, to: end, by: 100) {
        try bytes[start..<min(start + 100, end)].withUnsafeBytes { try spool.append($0) }
      }
    }
    var fetched = FetchedUnit()
    fetched.requestID = name
    fetched.announced = announced.map { $0...$0 }
    return fetched
  }

  func rows(of unit: DownloadUnit) -> BodyReader? { nil }
  func table(of unit: DownloadUnit) -> TableSetting { TableSetting() }
}

private enum MemoryFile {
  static func bytes(_ path: String) throws -> [UInt8] {
    let supply = try FileSupply(path: path)
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try part.withUnsafeMutableBytes { try supply.read(into: $0) }
      if count == 0 { return bytes }
      bytes += part[..<count]
    }
  }
}
