/// Elements by key, in the order in which they came; taking one away keeps the others' order.
struct KeyedFiles<Element: Sendable>: Sendable {
  private var positions: [String: Int] = [:]
  private var elements: [Element] = []
  private var isDead: [Bool] = []

  var count: Int { positions.count }

  mutating func reserveCapacity(_ count: Int) {
    positions.reserveCapacity(count)
    elements.reserveCapacity(count)
    isDead.reserveCapacity(count)
  }

  /// Appends, or replaces the element of the same key where it stands.
  mutating func set(_ key: String, _ element: Element) {
    let next = elements.count
    if let position = positions.updateValue(next, forKey: key) {
      positions[key] = position
      elements[position] = element
    } else {
      elements.append(element)
      isDead.append(false)
    }
  }

  mutating func remove(_ key: String) {
    if let position = positions.removeValue(forKey: key) { isDead[position] = true }
  }

  /// The elements that are left.
  consuming func values() -> [Element] {
    if positions.count == elements.count { return elements }
    var left: [Element] = []
    left.reserveCapacity(positions.count)
    for (index, element) in elements.enumerated() where !isDead[index] { left.append(element) }
    return left
  }
}

/// Applies commits, oldest first, to a table's state.
///
/// - Spec: Delta PROTOCOL.md, "Action Reconciliation".
struct LogReplay: Sendable {
  var table: TableProtocol?
  var metadata: TableMetadata?
  var txns: [String: TxnAction] = [:]
  var domains: [String: DomainMetadata] = [:]
  var files = KeyedFiles<AddFile>()
  var tombstones = KeyedFiles<RemoveFile>()
  /// `commitInfo` of the last commit applied.
  var commitInfo: CommitInfo?
  /// Adds and removes in commits, those of a checkpoint apart.
  var tailActionCount = 0
  /// A live file's path whose rows cannot be told without its deletion vector.
  var deletionVectorPath: String?

  init() {}

  /// Goes on where a snapshot stands.
  init(_ snapshot: Snapshot) {
    table = snapshot.protocol
    tailActionCount = snapshot.tailActionCount
    metadata = snapshot.metadata
    txns = snapshot.txns
    domains = snapshot.domainMetadata
    files.reserveCapacity(snapshot.files.count)
    for file in snapshot.files { files.set(Self.key(file.path, file.deletionVectorID), file) }
    tombstones.reserveCapacity(snapshot.tombstones.count)
    for file in snapshot.tombstones {
      tombstones.set(Self.key(file.path, file.deletionVectorID), file)
    }
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
      if tombstones.count > 0 { tombstones.remove(key) }
      files.set(key, file)
      if file.deletionVectorID != nil { deletionVectorPath = file.path }
    case .remove(let file):
      let key = Self.key(file.path, file.deletionVectorID)
      files.remove(key)
      tombstones.set(key, file)
    case .metadata(let new): metadata = new
    case .protocol(let new): table = new
    case .txn(let txn): txns[txn.appId] = txn.isWithdrawn ? nil : txn
    case .domainMetadata(let domain):
      domains[domain.domain] = domain.removed ? nil : domain
    case .commitInfo(let info): commitInfo = info
    case .changeData, .unknown: break
    }
  }

  /// The primary key of a logical file: its path, however spelt, and its deletion vector.
  static func key(_ path: String, _ deletionVectorID: String?) -> String {
    let path = DataPath.isPlain(path) ? path : DataPath.normalised(path)
    return deletionVectorID.map { path + "\u{0}" + $0 } ?? path
  }
}
