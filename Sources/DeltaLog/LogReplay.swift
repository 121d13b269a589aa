/// Applies commits, oldest first, to a table's state.
///
/// - Spec: Delta PROTOCOL.md, "Action Reconciliation".
struct LogReplay: Sendable {
  var table: TableProtocol?
  var metadata: TableMetadata?
  var txns = Applications()
  var domains: [String: DomainMetadata] = [:]
  var files = LiveFiles()
  var tombstones = Tombstones()
  /// Actions in the checkpoint.
  var checkpointActionCount = 0
  /// `commitInfo` of the last commit applied.
  var commitInfo: CommitInfo?
  /// Add and remove actions in commits, without those of the checkpoint.
  var tailActionCount = 0
  /// Whether some file was added that has a deletion vector.
  var hasDeletionVectors = false

  /// Which features of data files the caller applies.
  var applies = FeatureSupport.plainFiles
  /// Why the newest checkpoint was not used; nil if it was, or there is none.
  var workedAround: DeltaError?
  /// Whether the next commit must write a checkpoint, due or not, since other readers can't use the present
  /// one.
  var needsCheckpoint = false

  init() {}

  /// Continues from a snapshot.
  init(_ snapshot: Snapshot) {
    table = snapshot.protocol
    tailActionCount = snapshot.tailActionCount
    metadata = snapshot.metadata
    txns = snapshot.txns
    domains = snapshot.domainMetadata
    files = snapshot.live
    tombstones = snapshot.storedTombstones
    checkpointActionCount = snapshot.checkpointActionCount
    workedAround = snapshot.workedAround
    needsCheckpoint = snapshot.needsCheckpoint
    applies = snapshot.applies
    hasDeletionVectors = snapshot.mayHaveVectors
  }

  mutating func apply(_ actions: [Action]) {
    commitInfo = nil
    for action in actions {
      apply(action)
      switch action {
      case .add, .remove: tailActionCount += 1
      default: break
      }
    }
  }

  mutating func apply(_ action: Action) {
    switch action {
    case .add(let file):
      let key = Self.key(file.path, file.deletionVectorID)
      tombstones.remove(key)
      files.set(key, file)
      if file.deletionVectorID != nil { hasDeletionVectors = true }
    case .remove(let file):
      let key = Self.key(file.path, file.deletionVectorID)
      files.remove(key)
      tombstones.set(key, file)
    case .metadata(let new): metadata = new
    case .protocol(let new): table = new
    case .txn(let txn): txns.apply(txn)
    case .domainMetadata(let domain):
      domains[domain.domain] = domain.removed ? nil : domain
    case .commitInfo(let info): commitInfo = info
    case .changeData, .unknown: break
    }
  }

  /// The primary key of a logical file: its path, normalised, and its deletion vector.
  static func key(_ path: String, _ deletionVectorID: String?) -> String {
    let path = DataPath.isPlain(path) ? path : DataPath.normalised(path)
    return deletionVectorID.map { path + "\u{0}" + $0 } ?? path
  }
}
