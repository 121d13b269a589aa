import Glibc
import Platform
import Storage

/// The kind of a file in `_delta_log`, by its name.
///
/// - Spec: Delta PROTOCOL.md, "File Types" and "Checkpoint Naming Scheme".
enum LogFile: Hashable {
  case commit(version: Int)
  case checkpoint(version: Int)
  case checkpointPart(version: Int, part: Int, count: Int)
  /// A V2 checkpoint, named with a UUID, in JSON or Parquet.
  case checkpointV2(version: Int, name: String)
  /// Compacted logs only repeat commits.
  case compacted
  case other

  /// Folder of the log, below the table's root.
  static let directory = "_delta_log"
  /// Versions have at most this many digits in 64 bits.
  private static let digitCount = 20
  /// Characters of a UUID.
  private static let uuidCount = 36

  init(name: String) {
    var name = name
    self = name.withUTF8 { LogFile(name: UnsafeRawBufferPointer($0)) }
  }

  init(name: UnsafeRawBufferPointer) {
    self = Self.parse(name) ?? .other
  }

  private static func parse(_ name: UnsafeRawBufferPointer) -> LogFile? {
    guard
      let version = number(UnsafeRawBufferPointer(rebasing: name.prefix(digitCount)), digitCount)
    else { return nil }
    // The common case: nearly all are commits, and a log may have many.
    if ends(name, with: ".json") { return .commit(version: version) }
    if ends(name, with: ".checkpoint.parquet") { return .checkpoint(version: version) }
    let rest = name.dropFirst(digitCount)
    let parts = rest.split(separator: 0x2E)
    if parts.count == 4, parts[0].elementsEqual("checkpoint".utf8),
      parts[3].elementsEqual("parquet".utf8),
      let part = number(UnsafeRawBufferPointer(rebasing: parts[1]), 10),
      let count = number(UnsafeRawBufferPointer(rebasing: parts[2]), 10)
    {
      return .checkpointPart(version: version, part: part, count: count)
    }
    if parts.count == 3, parts[0].elementsEqual("checkpoint".utf8), parts[1].count == uuidCount,
      parts[2].elementsEqual("json".utf8) || parts[2].elementsEqual("parquet".utf8)
    {
      return .checkpointV2(version: version, name: String(decoding: name, as: UTF8.self))
    }
    if parts.count == 3, parts[1].elementsEqual("compacted".utf8) { return .compacted }
    return nil
  }

  /// Whether exactly this follows the version.
  private static func ends(_ name: UnsafeRawBufferPointer, with suffix: StaticString) -> Bool {
    guard name.count == digitCount + suffix.utf8CodeUnitCount, let base = name.baseAddress else {
      return false
    }
    return memcmp(base + digitCount, suffix.utf8Start, suffix.utf8CodeUnitCount) == 0
  }

  private static func number(_ digits: UnsafeRawBufferPointer, _ width: Int) -> Int? {
    guard digits.count == width else { return nil }
    var value = 0
    // Most digits are leading zeros.
    for digit in digits[(digits.firstIndex { $0 != 0x30 } ?? width)...] {
      guard (0x30...0x39).contains(digit) else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(digit - 0x30))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  static func padded(_ version: Int, _ width: Int = digitCount) -> String {
    let digits = String(version)
    return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
  }

  static func commitPath(_ version: Int) -> String { "\(directory)/\(padded(version)).json" }

  static func checkpointPath(_ version: Int) -> String {
    "\(directory)/\(padded(version)).checkpoint.parquet"
  }
}

/// A complete checkpoint in the log.
struct CheckpointFiles: Hashable, Sendable {
  var version: Int
  /// Number of parts; nil for a single file.
  var partCount: Int?
  /// Name of a V2 checkpoint that is named with a UUID; nil for any other.
  var uuidName: String?

  /// Parts accepted in a hint; no writer makes so many.
  static let partCountMax = 100_000

  /// In part order. Computed, since a log has many checkpoints, and one of them is read.
  var paths: [String] {
    if let uuidName { return [LogFile.directory + "/" + uuidName] }
    guard let partCount else { return [LogFile.checkpointPath(version)] }
    return (1...partCount).map {
      "\(LogFile.directory)/\(LogFile.padded(version)).checkpoint."
        + "\(LogFile.padded($0, 10)).\(LogFile.padded(partCount, 10)).parquet"
    }
  }
}

/// The versions in a log.
struct LogListing {
  /// Ascending.
  private(set) var commits: [Int] = []
  /// Complete ones, newest first; for one version the classic one first, and those named with UUIDs last.
  private(set) var checkpoints: [CheckpointFiles] = []
  /// First commit without a gap up to the newest, if known beforehand.
  private var first: Int?

  /// The part of a listing that the newest version needs, from what is known.
  init?(_ known: KnownLog, upTo newest: Int) {
    guard let oldest = known.oldestNeeded(for: newest) else { return nil }
    commits = Array(oldest...newest)
    checkpoints = known.checkpoint.map { [$0] } ?? []
    first = known.firstCommit
  }

  init(_ storage: any TableStorage) throws(DeltaError) {
    var parts: [Int: [Int: Set<Int>]] = [:]
    var commits: [Int] = []
    var checkpoints: [CheckpointFiles] = []
    func note(_ file: LogFile) {
      switch file {
      case .commit(let version): commits.append(version)
      case .checkpoint(let version):
        checkpoints.append(CheckpointFiles(version: version))
      case .checkpointPart(let version, let part, let count):
        parts[version, default: [:]][count, default: []].insert(part)
      case .checkpointV2(let version, let name):
        checkpoints.append(CheckpointFiles(version: version, uuidName: name))
      case .compacted, .other: break
      }
    }
    do {
      // A log may have a file for each commit ever made.
      try storage.visit(LogFile.directory) { name, isDirectory in
        if !isDirectory { note(LogFile(name: name)) }
      }
    } catch {
      if error.code == .notFound { throw Self.noTable(storage) }
      throw DeltaError(error)
    }
    for (version, byCount) in parts {
      for (count, present) in byCount.sorted(by: { $0.key < $1.key }) {
        guard count > 0, present.count == count, present.allSatisfy({ (1...count).contains($0) })
        else { continue }
        checkpoints.append(CheckpointFiles(version: version, partCount: count))
      }
    }
    Self.sort(&commits)
    checkpoints.sort {
      ($1.version, $0.uuidName ?? "", $0.partCount ?? 0)
        < ($0.version, $1.uuidName ?? "", $1.partCount ?? 0)
    }
    self.commits = commits
    self.checkpoints = checkpoints
    if commits.isEmpty && checkpoints.isEmpty {
      throw Self.noTable(storage)
    }
  }

  /// Sorts versions that are distinct and nearly contiguous.
  private static func sort(_ versions: inout [Int]) {
    guard let first = versions.min(), let last = versions.max() else { return }
    let (span, overflow) = last.subtractingReportingOverflow(first)
    // A name may have any version: memory is taken only for a dense range.
    guard !overflow, span / 4 < versions.count else { return versions.sort() }
    // checked: versions lie between the first and the last
    var isThere = [Bool](repeating: false, count: span + 1)
    for version in versions { isThere[version - first] = true }
    versions = isThere.indices.lazy.filter { isThere[$0] }.map { $0 + first }
  }

  /// Whether a hint points to a missing checkpoint, or is unreadable.
  func contradicts(_ hint: LastCheckpoint.Hint) -> Bool {
    switch hint {
    case .none: false
    case .damaged: true
    case .says(let hint) where hint.isV2:
      !checkpoints.contains { $0.version == hint.version && $0.partCount == nil }
    case .says(let hint):
      !checkpoints.contains(CheckpointFiles(version: hint.version, partCount: hint.partCount))
    }
  }

  static func noTable(_ storage: any TableStorage) -> DeltaError {
    DeltaError(
      .noTable, "no Delta table here: there is no '\(LogFile.directory)' folder with commits",
      path: storage.name)
  }

  /// What later commits and snapshots can use instead of listing; nil if that would not lead to the newest
  /// version.
  var known: KnownLog? {
    guard let newest = commits.last, newest == latest,
      // The hint of a listing has no room for a name.
      checkpoints.first?.uuidName == nil
    else { return nil }
    // Finds where the gap-free end begins: each version is one more than the previous. checked: versions are
    // not negative, and none is greater than the newest
    let start = commits.indices.partitioningIndex {
      newest - commits[$0] <= commits.count - 1 - $0
    }
    let known = KnownLog(firstCommit: first ?? commits[start], checkpoint: checkpoints.first)
    return known.oldestNeeded(for: newest) == nil ? nil : known
  }

  /// The newest version.
  var latest: Int {
    Swift.max(commits.last ?? 0, checkpoints.first?.version ?? 0)
  }

  /// Starting points of a replay up to `version`: each complete checkpoint, newest first, and the empty table.
  /// All have gap-free commits.
  ///
  /// - Throws: `gap` or `versionNotFound` if there is no starting point.
  func segments(upTo version: Int, _ storage: any TableStorage) throws(DeltaError) -> [LogSegment] {
    guard version >= 0, version <= latest else {
      throw DeltaError(
        .versionNotFound, "there is no version \(version); the newest is \(latest)",
        path: storage.name,
        remedy: "lake history \(LoggedFile.table(in: storage.name)) shows the versions")
    }
    var segments: [LogSegment] = []
    for checkpoint in checkpoints where checkpoint.version <= version {
      if hasCommits(after: checkpoint.version, through: version) {
        segments.append(LogSegment(checkpoint: checkpoint, target: version))
      }
    }
    if hasCommits(after: -1, through: version) {
      segments.append(LogSegment(checkpoint: nil, target: version))
    }
    if segments.isEmpty { throw missing(version, storage) }
    return segments
  }

  /// Whether every version after `first`, which may be -1, up to `last` has a commit.
  func hasCommits(after first: Int, through last: Int) -> Bool {
    // A name may have any version: a distant one is not counted up to.
    let (count, overflow) = last.subtractingReportingOverflow(first)
    if overflow { return false }
    if count <= 0 { return true }
    let start = commits.partitioningIndex { $0 > first }
    guard count <= commits.count - start else { return false }
    return commits[start] == first + 1 && commits[start + count - 1] == last
  }

  func hasCommit(_ version: Int) -> Bool {
    let index = commits.partitioningIndex { $0 >= version }
    return index < commits.count && commits[index] == version
  }

  /// Why `version` cannot be built.
  private func missing(_ version: Int, _ storage: any TableStorage) -> DeltaError {
    let first = checkpoints.last { $0.version <= version }?.version ?? -1
    // A checkpoint at `version` itself would have been a starting point.
    var expected = checkpoints.first { $0.version < version }.map { $0.version + 1 } ?? 0
    for commit in commits where commit >= expected && commit < version {
      if commit != expected { break }
      expected += 1
    }
    let oldest = commits.first ?? 0
    if first < 0, oldest > 0, expected == 0, version < oldest {
      return DeltaError(
        .versionNotFound,
        "version \(version) is gone: the oldest commit that is left is \(oldest)",
        path: storage.name)
    }
    return DeltaError(
      .gap, "the log has a gap: commit \(expected) is missing, though version \(latest) exists",
      path: storage.name + "/" + LogFile.commitPath(expected),
      remedy: "restore the file from a backup; nothing can be read safely without it")
  }
}

/// A starting point and the commits that follow it.
struct LogSegment: Sendable {
  /// nil: the replay begins with commit 0.
  var checkpoint: CheckpointFiles?
  /// The version to build.
  var target: Int
  /// The version before the first commit to replay; -1 if that is commit 0.
  var base: Int

  init(checkpoint: CheckpointFiles?, target: Int) {
    self.checkpoint = checkpoint
    self.target = target
    base = checkpoint?.version ?? -1
  }

  /// Commits to replay; all of them are in the listing.
  var commitCount: Int { target - base }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies `predicate`, if all later elements do too. O(log n).
  func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
