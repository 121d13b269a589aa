import Parquet

/// A checkpoint is one state: it must hold nothing twice, and agree with the commit of its version.
extension LogReplay {
  /// Adds a live file of a checkpoint.
  mutating func applyOnce(_ file: AddFile) throws(ParquetError) {
    let count = (files.countBound, tombstones.laterCount)
    apply(.add(file))
    if files.countBound == count.0 { throw ParquetError.twice("the file '\(file.path)'") }
    if tombstones.laterCount != count.1 { throw ParquetError.isBoth(file.path) }
  }

  /// Adds a tombstone of a checkpoint.
  mutating func applyOnce(_ file: RemoveFile) throws(ParquetError) {
    let count = files.countBound
    apply(.remove(file))
    if files.countBound != count { throw ParquetError.isBoth(file.path) }
  }

  /// Why a checkpoint is not the state of its version; nil if it contains what the version's commit did.
  ///
  /// - Parameter commit: The actions of the version.
  func contradiction(to commit: [Action]) throws(DeltaError) -> String? {
    var done = LogReplay()
    done.apply(commit)
    // Writers may leave out old applications, and empty metadata.
    for txn in done.txns.all.values {
      if let known = txns[txn.appId], known.version != txn.version {
        return "it has the application '\(txn.appId)' at another version than its commit"
      }
    }
    if let new = done.metadata,
      new.id != metadata?.id || new.schemaString != metadata?.schemaString
    {
      return "it has another 'metaData' than the commit of that version"
    }
    let (came, went) = (try done.files.all(), try done.tombstones.values())
    if came.isEmpty && went.isEmpty { return nil }
    let live = Set(try files.all().map { Self.key($0.path, $0.deletionVectorID) })
    if let file = came.first(where: { !live.contains(Self.key($0.path, $0.deletionVectorID)) }) {
      return "it lacks the file '\(file.path)', which the commit of that version added"
    }
    if let file = went.first(where: { live.contains(Self.key($0.path, $0.deletionVectorID)) }) {
      return "it has the file '\(file.path)', which the commit of that version removed"
    }
    return nil
  }
}

extension ParquetError {
  static func twice(_ what: String) -> ParquetError {
    ParquetError(.corrupt, "it has \(what) twice")
  }

  fileprivate static func isBoth(_ path: String) -> ParquetError {
    ParquetError(
      .corrupt, "it has the file '\(path)' among the live ones and among the removed ones")
  }
}
