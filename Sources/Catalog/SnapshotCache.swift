import DeltaLog
import Synchronization

/// Tables as last read, by callers that apply the features of other engines' tables (`PlainFiles`): a command that uses one several times reads its log once, and then only later commits.
public final class SnapshotCache: Sendable {
  private let known = Mutex<[String: Snapshot]>([:])

  /// An empty cache.
  public init() {}

  /// The newest version; nil if there is no table.
  public func newest(_ table: LakeTable) throws(DeltaError) -> Snapshot? {
    let found: Snapshot?
    if let snapshot = known.withLock({ $0[table.path] }) {
      found = try snapshot.refreshed(table.storage)
    } else {
      found = try Snapshot.loadIfPresent(table.storage, applies: .allFeatures)
    }
    known.withLock { $0[table.path] = found }
    return found
  }

  /// The newest version of an existing table.
  public func snapshot(_ table: LakeTable) throws(DeltaError) -> Snapshot {
    if let found = try newest(table) { return found }
    // Throws the error that says what is missing.
    return try table.snapshot(applies: .allFeatures)
  }
}
