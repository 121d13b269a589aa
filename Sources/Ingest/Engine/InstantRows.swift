import Bytes

/// The stored rows of one symbol and microsecond, for new rows to be held against.
struct InstantRows {
  /// Of an entry, its place in the table by digest and the identity of its event; arrays and tables have room for more
  /// than is in them.
  static let entryByteCount = 3 * MemoryLayout<Entry>.stride
  /// Entries that are looked through one by one.
  private static let plainMax = 8

  struct Entry {
    /// What new rows are found by: the key where the table has one, else the content.
    var digest: Fingerprint
    var content: Fingerprint
    /// What the content is hashed over.
    var form: Int
    /// Equal rows that no new row has been found equal to yet.
    var count: Int
    var cursor: Int
    var rowGroup: Int
    var row: Int
    /// Of the fields that no column is for; nil where rows that share the entry have different ones.
    var extra: UInt64?
    fileprivate var next: Int
  }

  private let share: MergeShare
  private(set) var entries: [Entry] = []
  private var heads: [Fingerprint: Int] = [:]
  /// Of events, while it matters whether some are shared.
  var identities: Set<UInt64> = []

  init(memory: MergeMemory) { share = MergeShare(of: memory) }

  var isEmpty: Bool { entries.isEmpty }

  mutating func removeAll() {
    share.reset()
    entries.removeAll(keepingCapacity: true)
    if !heads.isEmpty { heads.removeAll(keepingCapacity: true) }
    if !identities.isEmpty { identities.removeAll(keepingCapacity: true) }
  }

  /// - Parameter mayShare: Whether equal rows need not be told apart.
  mutating func add(
    _ row: StoredRow, digest: Fingerprint, form: Int, cursor: Int, mayShare: Bool
  ) throws {
    if mayShare, let known = find(digest, form: form) {
      entries[known].count += 1
      if entries[known].extra != row.extra { entries[known].extra = nil }
      return
    }
    try share.take(
      Self.entryByteCount,
      rows:
        "the different rows that the table holds of one symbol at one instant, \(entries.count) so far,",
      remedy:
        "--overlap append, which stores all rows of the input as new ones where the table has no key"
    )
    entries.append(
      Entry(
        digest: digest, content: row.content, form: form, count: 1, cursor: cursor,
        rowGroup: row.rowGroup, row: row.row, extra: row.extra, next: -1))
    if entries.count <= Self.plainMax { return }
    if heads.isEmpty {
      for place in entries.indices { link(place) }
    } else {
      link(entries.count - 1)
    }
  }

  private mutating func link(_ place: Int) {
    entries[place].next = heads[entries[place].digest] ?? -1
    heads[entries[place].digest] = place
  }

  /// A row that is still to be found equal to a new one.
  ///
  /// - Parameter form: nil: whatever the content is hashed over.
  func find(_ digest: Fingerprint, form: Int?) -> Int? {
    func fits(_ place: Int) -> Bool {
      entries[place].count > 0 && entries[place].digest == digest
        && (form == nil || entries[place].form == form)
    }
    if heads.isEmpty { return entries.indices.first(where: fits) }
    var place = heads[digest] ?? -1
    while place >= 0 {
      if fits(place) { return place }
      place = entries[place].next
    }
    return nil
  }

  /// Takes one row of an entry as found.
  mutating func consume(_ place: Int) {
    entries[place].count -= 1
    // Used-up heads would be walked over again and again.
    if entries[place].count == 0, heads[entries[place].digest] == place {
      heads[entries[place].digest] = entries[place].next
    }
  }
}
