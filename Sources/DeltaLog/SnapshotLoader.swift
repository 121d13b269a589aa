import Bytes
import Platform
import Storage
import Synchronization

/// Builds a snapshot from one segment of the log.
struct SnapshotLoader {
  /// With fewer commits, one thread is faster.
  static let parallelCommitMin = 24

  let storage: any TableStorage
  let segment: LogSegment

  init(_ storage: any TableStorage, _ segment: LogSegment) {
    self.storage = storage
    self.segment = segment
  }

  /// - Parameters:
  ///   - replay: The state before the segment's first commit.
  ///   - checkpoint: Version of the checkpoint that the state came from.
  func load(
    onto replay: consuming LogReplay, checkpoint: Int? = nil
  ) throws(DeltaError) -> Snapshot {
    do throws(DeltaError) {
      try applyCommits(to: &replay, lastCheckpoint: checkpoint)
    } catch {
      try refuseByName(replay, error)
    }
    return try Snapshot(
      replay, version: segment.target, checkpoint: segment.checkpoint?.version ?? checkpoint,
      storage.name)
  }

  /// Bytes of commits that are parsed at once, unless a single commit is larger.
  private static let roundByteCount = 64 << 20

  /// - Parameters:
  ///   - byteCount: Size of the commit, if known.
  ///   - hasInfo: Reads `commitInfo` too.
  static func commit(
    _ version: Int, _ storage: any TableStorage, byteCount: Int? = nil, hasInfo: Bool = true
  ) throws(DeltaError) -> [Action] {
    let path = LogFile.commitPath(version)
    let byteCount = if let byteCount { byteCount } else { try Self.byteCount(version, storage) }
    if byteCount <= CommitParser.pieceByteCount {
      let bytes = try storing { () throws(StorageError) in try storage.read(path) }
      return try CommitParser.parse(bytes, path: storage.name + "/" + path, hasInfo: hasInfo)
    }
    return try CommitParser.parse(
      byteCount: byteCount, path: storage.name + "/" + path, hasInfo: hasInfo
    ) { (range) throws(DeltaError) in
      try storing { () throws(StorageError) in try storage.read(path, range: range) }
    }
  }

  /// Size of a commit; 0 if it is missing, which is reported when it is read.
  private static func byteCount(
    _ version: Int, _ storage: any TableStorage
  ) throws(DeltaError) -> Int {
    try storing { () throws(StorageError) in
      try storage.attributes(LogFile.commitPath(version))?.byteCount ?? 0
    }
  }

  private func applyCommits(
    to replay: inout LogReplay, lastCheckpoint: Int?
  ) throws(DeltaError) {
    let base = segment.base
    let count = segment.commitCount
    if count < Self.parallelCommitMin {
      for index in 0..<count {
        let version = base + 1 + index
        // Only the snapshot's own version keeps its `commitInfo`.
        let hasInfo = version == segment.target
        replay.apply(try Self.commit(version, storage, hasInfo: hasInfo))
        if version == lastCheckpoint { replay.tailActionCount = 0 }
      }
      return
    }
    // In rounds, so that only a few parsed commits are in memory.
    let roundCount = 32 * Parallel.width
    var start = 0
    while start < count {
      let limit = Swift.min(roundCount, count - start)
      var byteCounts: [Int] = []
      var total = 0
      while byteCounts.count < limit {
        let byteCount = try Self.byteCount(base + 1 + start + byteCounts.count, storage)
        total = total.adding(clamped: byteCount)
        if !byteCounts.isEmpty, total > Self.roundByteCount { break }
        byteCounts.append(byteCount)
      }
      defer { start += byteCounts.count }
      let commits = try Self.commits(
        after: base + start, byteCounts, storage, infoOf: segment.target)
      for (index, actions) in commits.enumerated() {
        replay.apply(actions)
        if base + start + 1 + index == lastCheckpoint { replay.tailActionCount = 0 }
      }
    }
  }

  private static func commits(
    after base: Int, _ byteCounts: [Int], _ storage: any TableStorage, infoOf target: Int
  ) throws(DeltaError) -> [[Action]] {
    let results = Mutex<[[Action]]>(Array(repeating: [], count: byteCounts.count))
    do {
      try Parallel.forEach(byteCounts.count) { index in
        let version = base + 1 + index
        let actions = try commit(
          version, storage, byteCount: byteCounts[index], hasInfo: version == target)
        results.withLock { $0[index] = actions }
      }
    } catch let error as DeltaError {
      throw error
    } catch {
      throw DeltaError(.storage, "\(error)", path: storage.name)
    }
    return results.withLock { $0 }
  }

  /// If a commit of a newer kind of table cannot be parsed, the table's unsupported feature is the better
  /// error.
  private func refuseByName(_ replay: LogReplay, _ error: DeltaError) throws(DeltaError) {
    guard error.code == .corrupt else { throw error }
    if let table = replay.table { try TableFeatures.checkListed(table, storage.name) }
    throw error
  }
}
