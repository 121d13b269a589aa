import Platform
import Storage

/// Finds versions by time.
///
/// A commit's time is its file's modification time, made monotonic: at least 1 ms after the previous commit. If
/// in-commit timestamps are enabled, they are the times.
///
/// - Spec: Delta PROTOCOL.md, "In-Commit Timestamps".
enum TimeTravel {
  /// The times of all existing commits, by ascending version.
  static func times(
    _ listing: LogListing, _ storage: any TableStorage
  ) throws(DeltaError) -> [(version: Int, time: Int64)] {
    let enabledFrom = try inCommitVersion(listing, storage)
    var result: [(version: Int, time: Int64)] = []
    result.reserveCapacity(listing.commits.count)
    var previous = Int64.min
    for version in listing.commits {
      var time: Int64
      if let enabledFrom, version >= enabledFrom {
        time = try inCommitTime(version, storage)
      } else {
        let path = LogFile.commitPath(version)
        let attributes = try storing { () throws(StorageError) in try storage.attributes(path) }
        time = attributes?.modificationTime ?? previous
      }
      if time <= previous {
        let (later, overflow) = previous.addingReportingOverflow(1)
        if overflow {
          throw DeltaError(
            .corrupt, "no commit can be later than the one before it, of \(text(previous))",
            path: storage.name + "/" + LogFile.commitPath(version))
        }
        time = later
      }
      previous = time
      result.append((version, time))
    }
    return result
  }

  /// The newest version committed at or before `time`.
  static func version(
    at time: Int64, _ listing: LogListing, _ storage: any TableStorage
  ) throws(DeltaError) -> Int {
    let times = try times(listing, storage)
    guard let first = times.first else { return listing.latest }
    guard time >= first.time else {
      throw DeltaError(
        .versionNotFound,
        "the table has no version as old as \(text(time)); its oldest commit, version "
          + "\(first.version), is from \(text(first.time))", path: storage.name,
        remedy: "lake history \(LoggedFile.table(in: storage.name)) shows the versions")
    }
    return times[times.partitioningIndex { $0.time > time } - 1].version
  }

  /// The first version with in-commit timestamps; nil if the table has none.
  private static func inCommitVersion(
    _ listing: LogListing, _ storage: any TableStorage
  ) throws(DeltaError) -> Int? {
    let properties = try Snapshot.load(
      storage, version: listing.latest, applies: .allFeatures
    ).configuration
    guard properties["delta.enableInCommitTimestamps"] == "true" else { return nil }
    return properties["delta.inCommitTimestampEnablementVersion"].flatMap { Int($0) } ?? 0
  }

  private static func inCommitTime(
    _ version: Int, _ storage: any TableStorage
  ) throws(DeltaError) -> Int64 {
    for case .commitInfo(let info) in try SnapshotLoader.commit(version, storage) {
      if let time = info.inCommitTimestamp { return time }
    }
    throw DeltaError(
      .corrupt, "the commit has no 'inCommitTimestamp', which the table demands",
      path: storage.name + "/" + LogFile.commitPath(version))
  }

  private static func text(_ milliseconds: Int64) -> String {
    Instant.text(milliseconds)
  }
}
