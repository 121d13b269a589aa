import Bytes
import Catalog
import DeltaLog
import Synchronization
import Tables

@testable import Passes

extension TableName {
  init(_ text: StaticString) {
    guard let name = try? TableName(parsing: "\(text)") else { fatalError("\(text)") }
    self = name
  }
}

/// The input table of a pass: rows by date, each a number.
final class MemoryInput: DeriveInput {
  let name: TableName
  let version = 7
  private let rows = Mutex<[String: [Int]]>([:])
  private let purgedDates = Mutex<Set<String>>([])

  init(_ name: TableName) { self.name = name }

  subscript(date: String) -> [Int] {
    get { rows.withLock { $0[date] ?? [] } }
    set { rows.withLock { $0[date] = newValue.isEmpty ? nil : newValue } }
  }

  var dates: [String] { rows.withLock { $0.keys.sorted() } }

  func fingerprint(of date: String) -> PartitionFingerprint {
    let rows = self[date]
    let hash = rows.reduce(UInt64(0)) { $0 &+ UInt64($1) &* 0x9E37_79B9_7F4A_7C15 }
    return PartitionFingerprint(rowCount: Int64(rows.count), rowHash: Fingerprint(low: hash))
  }

  func byteCount(of date: String) -> Int64 { Int64(self[date].count) }
  func isPurged(_ date: String) -> Bool { purgedDates.withLock { $0.contains(date) } }
  func purge(_ date: String) { _ = purgedDates.withLock { $0.insert(date) } }
}

/// The output for a date: the sum of its rows.
struct Sum: DeriveProduct, Hashable {
  var total: Int
  var rowCount: Int { 1 }
  var byteCount: Int { 8 }
}

/// The output table of a pass: one sum per date.
final class MemoryTarget: DeriveTarget {
  let name: TableName
  private(set) var sums: [String: Int] = [:]
  private(set) var files: [String: [AddFile]] = [:]
  private var empties: Set<String> = []
  /// Dates of each commit.
  private(set) var commits: [[String]] = []
  /// What another writer does before each commit, which makes that commit conflict.
  var others: [(MemoryTarget) -> Void] = []
  var commitError: (any Error)?

  init(_ name: TableName) { self.name = name }

  func knownUnits() -> [String: KnownUnit] {
    files.mapValues { KnownUnit(origins: $0.map { UnitOrigin($0) }) }
  }

  func isKnownEmpty(_ derivation: Derivation, date: String) -> Bool {
    empties.contains(derivation.emptyAppId(date: date))
  }

  func commit(
    _ units: [DerivedUnit<Sum>], parameters: [(name: String, value: String)]
  ) throws -> Bool {
    if let error = commitError { throw error }
    if !others.isEmpty {
      others.removeFirst()(self)
      return false
    }
    for unit in units { put(unit) }
    commits.append(units.map(\.date))
    return true
  }

  func put(_ unit: DerivedUnit<Sum>) {
    sums[unit.date] = unit.product?.total
    if unit.product == nil {
      files[unit.date] = nil
      empties.insert(unit.derivation.emptyAppId(date: unit.date))
    } else {
      files[unit.date] = [Self.file(unit.date, unit.derivation.tags)]
    }
  }

  /// A file written by another program.
  func putForeign(_ date: String) { files[date] = [Self.file(date, [:])] }

  private static func file(_ date: String, _ tags: [String: String]) -> AddFile {
    AddFile(
      path: "date=\(date)/x.parquet", partitionValues: ["date": date], size: 8,
      modificationTime: 0, tags: tags)
  }
}

/// Sums rows: of the date, or of the date and the one before.
final class SumPass: DerivePass, @unchecked Sendable {
  // Only changed before a run.
  var identity = (name: "sum", version: 1)
  let inputs: [any DeriveInput]
  let targets: [MemoryTarget]
  var looksBack = false
  /// Errors of unreadable dates.
  var unreadable: [String: any Error] = [:]
  /// Targets and dates with a deliberately wrong sum.
  var wrong: Set<String> = []
  /// Dates with a deliberately empty result.
  var emptied: Set<String> = []
  let made = Mutex<[String]>([])
  private let source: MemoryInput

  init(_ source: MemoryInput, _ targets: [MemoryTarget]) {
    self.source = source
    inputs = [source]
    self.targets = targets
  }

  func parameters(of target: Int) -> String { "x\(target + 1)" }
  func sync() {}
  var commitParameters: [(name: String, value: String)] { [("pass", "sum")] }

  static func neighbour(_ date: String, _ days: Int) -> String {
    "2024-01-" + (((Int(date.suffix(2)) ?? 0) + days) < 10 ? "0" : "")
      + "\((Int(date.suffix(2)) ?? 0) + days)"
  }

  func uses(of date: String, target: Int) -> [InputUse] {
    let own = InputUse(input: 0, date: date)
    if !looksBack { return [own] }
    return [own, InputUse(input: 0, date: Self.neighbour(date, -1), isRequired: false)]
  }

  func units(dependingOn date: String, input: Int, target: Int) -> [String] {
    looksBack ? [date, Self.neighbour(date, 1)] : [date]
  }

  func make(
    _ date: String, targets: [Int],
    keep: (Int, Result<(Sum?, [Conserved]), any Error>) -> Void
  ) throws {
    if let error = unreadable[date] { throw error }
    made.withLock { $0.append(date) }
    let sum = uses(of: date, target: 0).reduce(0) { $0 + source[$1.date].reduce(0, +) }
    for target in targets {
      let total = sum * (target + 1)
      let isWrong = wrong.contains("\(target) \(date)")
      let isEmpty = emptied.contains(date) || source[date].isEmpty
      keep(
        target,
        .success(
          (
            isEmpty ? nil : Sum(total: total),
            [Conserved("sum", before: total, after: isWrong ? total + 1 : total)]
          )))
    }
  }
}

/// An observer that counts, and can interrupt.
final class Watcher: PassObserver {
  let begun = Mutex<[String]>([])
  let failures = Mutex<[String]>([])
  /// Number of dates after which the job is interrupted.
  let begunMax: Int

  init(begunMax: Int = .max) { self.begunMax = begunMax }

  func begin(_ name: String) { begun.withLock { $0.append(name) } }
  func didRead(byteCount: Int) {}
  func didProcess(rowCount: Int) {}
  func didFail(_ error: any Error) {
    failures.withLock { $0.append((error as? PassError)?.message ?? "\(error)") }
  }
  var isInterrupted: Bool { begun.withLock { $0.count >= begunMax } }
}
