import DeltaLog
import Synchronization

/// Tables as they were last looked at: a command that meets one several times reads its log once, and then only
/// what came since.
public final class SnapshotCache: Sendable {
  private let known = Mutex<[String: Snapshot]>([:])

  /// Nothing looked at yet.
  public init() {}

  /// The newest version; nil where there is no table.
  public func newest(_ table: LakeTable) throws(DeltaError) -> Snapshot? {
    let found: Snapshot?
    if let snapshot = known.withLock({ $0[table.path] }) {
      found = try snapshot.refreshed(table.storage)
    } else {
      found = try Snapshot.loadIfPresent(table.storage)
    }
    known.withLock { $0[table.path] = found }
    return found
  }

  /// The newest version of a table that is there.
  public func snapshot(_ table: LakeTable) throws(DeltaError) -> Snapshot {
    if let found = try newest(table) { return found }
    // Which tells what is missing.
    return try table.snapshot()
  }
}
