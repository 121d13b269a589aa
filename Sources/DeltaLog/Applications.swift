import Columnar
import Glibc

/// The applications of a table: `txn` actions by application id.
///
/// Every file that was ever ingested has one, and a command asks for a few: those of a checkpoint stay in
/// its columns, where they are looked up by their order.
public struct Applications: Sendable {
  /// Apart from each other, in ascending order.
  private var stored: [StoredApplications] = []
  /// What came since; nil where an application was withdrawn.
  private var changes: [String: TxnAction?] = [:]
  public private(set) var count = 0

  init() {}

  public var isEmpty: Bool { count == 0 }

  public subscript(appId: String) -> TxnAction? {
    if let change = changes[appId] { return change }
    for part in stored {
      if let txn = part[appId] { return txn }
    }
    return nil
  }

  /// Whether there is an application whose id begins so.
  public func contains(prefix: String) -> Bool {
    if changes.contains(where: { $0.value != nil && $0.key.hasPrefix(prefix) }) { return true }
    return stored.contains { part in
      part.ids(prefix: prefix).contains { changes[$0] == nil }
    }
  }

  /// All of them, by id.
  public var all: [String: TxnAction] {
    var all: [String: TxnAction] = [:]
    all.reserveCapacity(count)
    for part in stored { for txn in part.txns { all[txn.appId] = txn } }
    for (appId, change) in changes { all[appId] = change }
    return all
  }

  public var keys: Set<String> { Set(all.keys) }

  /// Applies an action; one that is withdrawn takes its application away.
  mutating func apply(_ txn: TxnAction) {
    let wasThere = self[txn.appId] != nil
    if txn.isWithdrawn {
      if wasThere { count -= 1 }
      if stored.isEmpty {
        changes[txn.appId] = nil
      } else {
        changes.updateValue(nil, forKey: txn.appId)
      }
      return
    }
    if !wasThere { count += 1 }
    changes[txn.appId] = txn
  }

  /// Takes over those of a checkpoint's row group.
  mutating func take(_ part: StoredApplications) {
    let isApart = changes.isEmpty && stored.last.map { $0.precedes(part) } ?? true
    if isApart {
      stored.append(part)
      count += part.count
    } else {
      for txn in part.txns { apply(txn) }
    }
  }
}

extension Applications: Equatable {
  public static func == (one: Applications, other: Applications) -> Bool {
    one.count == other.count && one.all == other.all
  }
}

/// Applications of a checkpoint's row group, in ascending order of their ids' bytes.
final class StoredApplications: Sendable {
  private let texts: ByteColumn
  private let versions: NumberColumn
  private let times: NumberColumn
  /// Rows that have an application.
  private let rows: [Int32]

  var count: Int { rows.count }

  /// - Returns: nil where they are not in ascending order, or not all are in: other writers order them
  ///   otherwise.
  init?(_ ids: Column, versions: NumberColumn, times: NumberColumn) {
    guard case .bytes(let texts) = ids.storage else { return nil }
    var rows: [Int32] = []
    for row in 0..<texts.count where ids.validity.map({ $0[row] != 0 }) ?? true {
      // Version 0 of one of our own says that it is not in.
      guard let version = versions[row], version > 0 else { return nil }
      rows.append(Int32(row))
    }
    self.texts = texts
    self.versions = versions
    self.times = times
    self.rows = rows
    let isAscending = texts.bytes.withUnsafeBytes { bytes in
      zip(rows, rows.dropFirst()).allSatisfy { row, next in
        Self.order(texts.slice(Int(row), bytes), texts.slice(Int(next), bytes)) < 0
      }
    }
    if !isAscending { return nil }
  }

  subscript(appId: String) -> TxnAction? {
    let place = firstPlace(notBefore: appId)
    guard place < rows.count else { return nil }
    let row = Int(rows[place])
    return texts.isEqual(row, appId) ? txn(row) : nil
  }

  /// Ids that begin so.
  func ids(prefix: String) -> [String] {
    var found: [String] = []
    var place = firstPlace(notBefore: prefix)
    while place < rows.count {
      let id = texts[Int(rows[place])]
      if !id.hasPrefix(prefix) { break }
      found.append(id)
      place += 1
    }
    return found
  }

  var txns: some Sequence<TxnAction> { rows.lazy.map { self.txn(Int($0)) } }

  /// Whether all of them come before all of the others.
  func precedes(_ other: StoredApplications) -> Bool {
    guard let last = rows.last, let first = other.rows.first else { return true }
    return texts.bytes.withUnsafeBytes { bytes in
      other.texts.bytes.withUnsafeBytes { others in
        Self.order(texts.slice(Int(last), bytes), other.texts.slice(Int(first), others)) < 0
      }
    }
  }

  private func txn(_ row: Int) -> TxnAction {
    TxnAction(appId: texts[row], version: versions[row] ?? 0, lastUpdated: times[row])
  }

  private func firstPlace(notBefore id: String) -> Int {
    var id = id
    return id.withUTF8 { id in
      texts.bytes.withUnsafeBytes { bytes in
        rows.partitioningIndex {
          Self.order(texts.slice(Int($0), bytes), UnsafeRawBufferPointer(id)) >= 0
        }
      }
    }
  }

  /// Below, at or above 0 where the first comes before, is, or comes behind the second.
  private static func order(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Int {
    let count = Swift.min(one.count, other.count)
    if count > 0, let first = one.baseAddress, let second = other.baseAddress {
      let order = memcmp(first, second, count)
      if order != 0 { return Int(order) }
    }
    return one.count - other.count
  }
}

extension ByteColumn {
  fileprivate func slice(
    _ index: Int, _ bytes: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[byteRange(index)]) }

  /// Whether a value is this text, byte for byte.
  func isEqual(_ index: Int, _ text: String) -> Bool {
    bytes[byteRange(index)].elementsEqual(text.utf8)
  }
}
