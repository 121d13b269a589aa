import Bytes
import Storage

/// One version in a table's history.
public struct HistoryEntry: Sendable {
  /// The version that the commit made.
  public let version: Int
  /// Milliseconds since 1970 UTC, monotonic from version to version.
  public let timestamp: Int64
  /// The writer's description of the commit, if there is one.
  public let commitInfo: CommitInfo?
  /// Files that it added.
  public let addCount: Int
  /// Files that it removed.
  public let removeCount: Int
  /// Size of the added files together; nil if it overflows.
  public let addedByteCount: Int64?
  /// Rows of the added files together; nil if a file has no valid count.
  public let addedRowCount: Int64?
  /// Application ids of the commit's `txn` actions.
  public let applications: [String]
  /// Whether it changed schema, properties or protocol.
  public let changesMetadata: Bool
}

/// A table's versions, newest first, as far back as their commits exist.
///
/// - Parameters:
///   - limit: Versions to return at most; nil for all.
///   - newest: The first version to return, even if there are later ones; nil for the newest.
public func history(
  _ storage: any TableStorage, limit: Int? = nil, from newest: Int? = nil
) throws(DeltaError) -> [HistoryEntry] {
  let listing = try LogListing(storage)
  let times = try TimeTravel.times(listing, storage)
  var entries: [HistoryEntry] = []
  for (version, time) in times.reversed().drop(while: { $0.version > newest ?? .max })
    .prefix(limit ?? .max)
  {
    let actions = try SnapshotLoader.commit(version, storage)
    var info: CommitInfo?
    var adds: [AddFile] = []
    var removeCount = 0
    var applications: [String] = []
    var changesMetadata = false
    for action in actions {
      switch action {
      case .commitInfo(let value): info = value
      case .add(let file): adds.append(file)
      case .remove: removeCount += 1
      case .txn(let txn): applications.append(txn.appId)
      case .metadata, .protocol: changesMetadata = true
      default: break
      }
    }
    var rows: Int64? = 0
    var bytes: Int64? = 0
    for file in adds {
      rows = rows.adding(known: file.rowCount)
      bytes = bytes.adding(known: file.size)
    }
    entries.append(
      HistoryEntry(
        version: version, timestamp: time, commitInfo: info, addCount: adds.count,
        removeCount: removeCount, addedByteCount: bytes, addedRowCount: rows,
        applications: applications, changesMetadata: changesMetadata))
  }
  return entries
}
