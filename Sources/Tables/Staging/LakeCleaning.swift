import Catalog
import DeltaLog
import Storage

/// What every writing command does first: it removes what dead runs left behind.
package enum LakeCleaning {
  /// Removes the staging folders of runs whose lock is free, and files that they moved into a table's folder
  /// without a commit that names them. A file that a live version or a tombstone names stays.
  package static func removeDeadRuns(_ lake: Lake, observer: any PassObserver) throws {
    var known: [String: Set<String>] = [:]
    try StagingRun.cleanDead(
      root: lake.root,
      isKnown: { path in
        let parts = path.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count == 3 else { return true }
        let folder = parts[0] + "/" + parts[1]
        if known[folder] == nil {
          let storage = DirectoryStorage(root: lake.root + "/" + folder)
          guard try Snapshot.exists(storage) else { return false }
          let snapshot = try Snapshot.load(storage, listsLog: true)
          known[folder] = Set(
            try snapshot.files.map(\.filePath) + snapshot.tombstones.map(\.filePath))
        }
        return known[folder]?.contains(parts[2]) ?? true
      }, report: { observer.warn($0) })
  }
}
