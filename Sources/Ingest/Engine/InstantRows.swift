import Bytes

/// The stored rows of one symbol and microsecond, which new rows are compared with.
struct InstantRows {
  /// Memory of an entry, with its indexes in the tables and the identity of its event; arrays and tables have
  /// spare capacity.
  static let entryByteCount = 4 * MemoryLayout<Entry>.stride
  /// Entries that are searched one by one.
  private static let plainMax = 8

  struct Entry {
    /// What new rows are matched by: the key if the table has one, else the content.
    var digest: Fingerprint
    var content: Fingerprint
    /// The columns that the content is hashed over.
    var form: Int
    /// Equal rows that have not been matched by a new row yet.
    var count: Int
    var cursor: Int
    var rowGroup: Int
    var row: Int
    /// The word of the extra fields; 0 if there are none, or they don't matter.
    var extra: UInt64

    /// - Parameters:
    ///   - form: nil for any.
    ///   - extra: nil for any.
    fileprivate func fits(_ digest: Fingerprint, _ form: Int?, _ extra: UInt64?) -> Bool {
      count > 0 && self.digest == digest && (form == nil || self.form == form)
        && (extra == nil || self.extra == extra)
    }
  }

  private let share: MergeShare
  private(set) var entries: [Entry] = []
  /// Entries by digest and extra, and by digest alone; filled if there are too many for a linear search.
  private var exact = EntryChains()
  private var loose = EntryChains()
  /// Whether some entry has extra fields.
  private(set) var hasExtra = false
  /// Identities of events, as long as it matters whether some are shared.
  var identities: Set<UInt64> = []

  init(memory: MergeMemory) { share = MergeShare(of: memory) }

  var isEmpty: Bool { entries.isEmpty }

  mutating func removeAll() {
    share.reset()
    entries.removeAll(keepingCapacity: true)
    exact.removeAll()
    loose.removeAll()
    hasExtra = false
    if !identities.isEmpty { identities.removeAll(keepingCapacity: true) }
  }

  /// - Parameter mayShare: Whether equal rows may share an entry.
  mutating func add(
    _ row: StoredRow, digest: Fingerprint, form: Int, cursor: Int, mayShare: Bool
  ) throws {
    if mayShare, let known = find(digest, form: form, extra: row.extra) {
      entries[known].count += 1
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
        rowGroup: row.rowGroup, row: row.row, extra: row.extra))
    if row.extra != 0 { hasExtra = true }
    if entries.count <= Self.plainMax { return }
    for index in exact.count..<entries.count {
      let entry = entries[index]
      exact.append(Self.exactKey(entry.digest, entry.extra))
      loose.append(entry.digest)
    }
  }

  private static func exactKey(_ digest: Fingerprint, _ extra: UInt64) -> Fingerprint {
    Fingerprint(low: digest.low ^ extra, high: digest.high)
  }

  /// Index of an entry with a row that can still be matched.
  ///
  /// - Parameters:
  ///   - form: nil for any.
  ///   - extra: nil for any.
  mutating func find(_ digest: Fingerprint, form: Int?, extra: UInt64?) -> Int? {
    if exact.isEmpty { return entries.firstIndex { $0.fits(digest, form, extra) } }
    let entries = entries
    if let extra {
      return exact.first(Self.exactKey(digest, extra), in: entries) {
        entries[$0].fits(digest, form, extra)
      }
    }
    return loose.first(digest, in: entries) { entries[$0].fits(digest, form, nil) }
  }

  /// Indexes of entries that can still be matched, whatever their extra fields; at most some of many.
  mutating func candidates(_ digest: Fingerprint, form: Int) -> [Int] {
    var found: [Int] = []
    let entries = entries
    func takes(_ index: Int) -> Bool {
      if entries[index].fits(digest, form, nil) { found.append(index) }
      return found.count == Self.candidateMax
    }
    if exact.isEmpty {
      _ = entries.indices.first(where: takes)
    } else {
      _ = loose.first(digest, in: entries, where: takes)
    }
    return found
  }

  /// Stored rows of one instant that differ only in `extra`: with more, searching for the best does not pay.
  private static let candidateMax = 64

  /// Counts one row of an entry as matched.
  mutating func consume(_ index: Int) { entries[index].count -= 1 }
}

/// Places of entries by what they are found by, the newest first.
private struct EntryChains {
  private var heads: [Fingerprint: Int] = [:]
  private var next: [Int] = []

  var count: Int { next.count }
  var isEmpty: Bool { next.isEmpty }

  mutating func removeAll() {
    if next.isEmpty { return }
    heads.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
  }

  mutating func append(_ key: Fingerprint) {
    next.append(heads[key] ?? -1)
    heads[key] = next.count - 1
  }

  /// Walks over the entries of a key until one is enough; those that are used up would be walked over again and
  /// again, and are taken out.
  ///
  /// - Returns: The entry that was enough.
  mutating func first(
    _ key: Fingerprint, in entries: [InstantRows.Entry], where isEnough: (Int) -> Bool
  ) -> Int? {
    var last = -1
    var index = heads[key] ?? -1
    while index >= 0 {
      if entries[index].count > 0 {
        if isEnough(index) { return index }
        last = index
      } else if last < 0 {
        heads[key] = next[index]
      } else {
        next[last] = next[index]
      }
      index = next[index]
    }
    return nil
  }
}
