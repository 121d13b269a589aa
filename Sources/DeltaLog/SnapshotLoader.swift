import Bytes
import Storage
import Synchronization

/// Builds a snapshot from one segment of the log.
struct SnapshotLoader {
  /// Commits that one thread reads before more threads pay off.
  static let parallelCommitMin = 24

  let storage: any TableStorage
  let segment: LogSegment

  init(_ storage: any TableStorage, _ segment: LogSegment) {
    self.storage = storage
    self.segment = segment
  }

  /// - Parameters:
  ///   - replay: The state before the segment's first commit.
  ///   - checkpoint: Version of the checkpoint that it came from.
  func load(
    onto replay: consuming LogReplay, checkpoint: Int? = nil
  ) throws(DeltaError) -> Snapshot {
    do throws(DeltaError) {
      try applyCommits(to: &replay)
    } catch {
      try refuseByName(replay, error)
    }
    return try Snapshot(
      replay, version: segment.target, checkpoint: segment.checkpoint?.version ?? checkpoint,
      storage.name)
  }

  static func commit(
    _ version: Int, _ storage: any TableStorage
  ) throws(DeltaError) -> [Action] {
    let path = LogFile.commitPath(version)
    let bytes = try storing { () throws(StorageError) in try storage.read(path) }
    return try CommitParser.parse(bytes, path: storage.name + "/" + path)
  }

  private func applyCommits(to replay: inout LogReplay) throws(DeltaError) {
    let base = segment.base
    let count = segment.commitCount
    if count < Self.parallelCommitMin {
      for index in 0..<count { replay.apply(try Self.commit(base + 1 + index, storage)) }
      return
    }
    // In rounds, so that only a few parsed commits wait for their turn.
    let roundCount = 32 * Parallel.width
    for start in stride(from: 0, to: count, by: roundCount) {
      let batch = Swift.min(roundCount, count - start)
      for actions in try Self.commits(after: base + start, batch, storage) { replay.apply(actions) }
    }
  }

  private static func commits(
    after base: Int, _ count: Int, _ storage: any TableStorage
  ) throws(DeltaError) -> [[Action]] {
    let results = Mutex<[[Action]]>(Array(repeating: [], count: count))
    do {
      try Parallel.forEach(count) { index in
        let actions = try commit(base + 1 + index, storage)
        results.withLock { $0[index] = actions }
      }
    } catch let error as DeltaError {
      throw error
    } catch {
      throw DeltaError(.storage, "\(error)", path: storage.name)
    }
    return results.withLock { $0 }
  }

  /// Where a commit of a newer kind of table could not be parsed, the table's feature is the better
  /// reason.
  private func refuseByName(_ replay: LogReplay, _ error: DeltaError) throws(DeltaError) {
    guard error.code == .corrupt else { throw error }
    if let table = replay.table, let metadata = replay.metadata {
      try TableFeatures.checkRead(table, metadata, storage.name)
    }
    throw error
  }
}
