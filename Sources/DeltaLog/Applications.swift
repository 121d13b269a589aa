import Columnar
import Parquet

/// The applications of a table: `txn` actions by application id.
///
/// Every ingested file has one, and a command asks for a few: those of a sealed checkpoint are decoded when one
/// with a similar id is asked for.
public struct Applications: Sendable {
  /// Row groups of a sealed checkpoint.
  private var stored: [StoredApplications] = []
  /// Actions since the checkpoint; nil if an application was withdrawn.
  private var changes: [String: TxnAction?] = [:]

  init() {}

  /// Cost: decodes all of them.
  public var count: Int { stored.isEmpty ? changes.count : all.count }

  /// An upper bound of `count`, without decoding.
  var countBound: Int { stored.reduce(changes.count) { $0 + $1.count } }

  /// Whether no application has committed.
  public var isEmpty: Bool { count == 0 }

  /// The last transaction of an application; nil where it has none.
  public subscript(appId: String) -> TxnAction? {
    if let change = changes[appId] { return change }
    for part in stored {
      if let txn = part[appId] { return txn }
    }
    return nil
  }

  /// Whether an application has this prefix.
  public func contains(prefix: String) -> Bool {
    if changes.contains(where: { $0.value != nil && $0.key.hasPrefix(prefix) }) { return true }
    return stored.contains { part in
      part.ids(prefix: prefix).contains { changes[$0] == nil }
    }
  }

  /// All of them, by id.
  public var all: [String: TxnAction] {
    var all: [String: TxnAction] = [:]
    all.reserveCapacity(countBound)
    for part in stored { for txn in part.txns { all[txn.appId] = txn } }
    for (appId, change) in changes { all[appId] = change }
    return all
  }

  /// All applications. Cost: the first call decodes what a checkpoint holds.
  public var keys: Set<String> { Set(all.keys) }

  /// Why some could not be decoded; nil if none failed.
  var failure: ParquetError? { stored.lazy.compactMap(\.failure).first }

  /// Applies an action; a withdrawn application is removed.
  mutating func apply(_ txn: TxnAction) {
    if !txn.isWithdrawn {
      changes[txn.appId] = txn
    } else if stored.isEmpty {
      changes[txn.appId] = nil
    } else {
      changes.updateValue(nil, forKey: txn.appId)
    }
  }

  /// Adds those in a row group of a sealed checkpoint.
  mutating func take(_ part: StoredApplications) {
    // One part of a checkpoint may be sealed and another not.
    if changes.isEmpty { stored.append(part) } else { for txn in part.txns { apply(txn) } }
  }
}

extension Applications: Equatable {
  /// Whether both hold the same. Cost: decodes what a checkpoint holds.
  public static func == (one: Applications, other: Applications) -> Bool { one.all == other.all }
}

/// Applications in a checkpoint's row group, decoded when one is asked for whose id is within bounds.
///
/// If decoding fails, they are missing, and no commit is made that was decided without them (`failure`).
final class StoredApplications: Sendable {
  /// An upper bound of their number.
  let count: Int
  private let rowGroup: CheckpointRowGroup
  private let bounds: ColumnStatistics
  private let decoded = Deferred<[TxnAction]>()

  /// - Parameter bounds: Bounds of the ids.
  init(_ rowGroup: CheckpointRowGroup, _ bounds: ColumnStatistics) {
    self.rowGroup = rowGroup
    self.bounds = bounds
    // checked: a chunk has at most as many nulls as the row group has rows.
    count = rowGroup.rowCount - Swift.min(bounds.nullCount ?? 0, rowGroup.rowCount)
  }

  var failure: ParquetError? { decoded.failure }

  /// Ascending.
  var txns: [TxnAction] {
    let txns = decoded.value { () throws(ParquetError) in
      let txns = try rowGroup.transactions()
      // The usual case: written in this order.
      if zip(txns, txns.dropFirst()).allSatisfy({ $0.appId < $1.appId }) {
        return txns.filter { !$0.isWithdrawn }
      }
      // For equal ids the last one counts.
      let known = Dictionary(txns.map { ($0.appId, $0) }) { $1 }
      return known.values.filter { !$0.isWithdrawn }.sorted { $0.appId < $1.appId }
    }
    return txns ?? []
  }

  subscript(appId: String) -> TxnAction? {
    if !mayHold(prefix: appId) { return nil }
    let txns = self.txns
    let index = txns.partitioningIndex { $0.appId >= appId }
    return index < txns.count && txns[index].appId == appId ? txns[index] : nil
  }

  /// Ids with this prefix.
  func ids(prefix: String) -> [String] {
    if !mayHold(prefix: prefix) { return [] }
    let txns = self.txns
    let start = txns.partitioningIndex { $0.appId >= prefix }
    return txns[start...].prefix { $0.appId.hasPrefix(prefix) }.map(\.appId)
  }

  /// Whether some id may have this prefix.
  private func mayHold(prefix: String) -> Bool {
    // Text bounds are bounds of bytes.
    let prefix = Array(prefix.utf8)
    if case .bytes(let low)? = bounds.minimum,
      prefix.lexicographicallyPrecedes(low.prefix(prefix.count))
    {
      return false
    }
    if case .bytes(let high)? = bounds.maximum, high.lexicographicallyPrecedes(prefix) {
      return false
    }
    return true
  }
}
