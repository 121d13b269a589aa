import Bytes

/// The stored rows of one symbol and microsecond, for new rows to be held against.
struct InstantRows {
  /// Of an entry, its places in the tables by digest and the identity of its event; arrays and tables have room for more
  /// than is in them.
  static let entryByteCount = 4 * MemoryLayout<Entry>.stride
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
    /// Of the fields that no column is for; 0 where it has none, or nobody asks.
    var extra: UInt64

    /// - Parameters:
    ///   - form: nil: whatever the content is hashed over.
    ///   - extra: nil: whatever it has beyond its columns.
    fileprivate func fits(_ digest: Fingerprint, _ form: Int?, _ extra: UInt64?) -> Bool {
      count > 0 && self.digest == digest && (form == nil || self.form == form)
        && (extra == nil || self.extra == extra)
    }
  }

  private let share: MergeShare
  private(set) var entries: [Entry] = []
  /// Entries by digest and extra, and by digest alone; filled where there are too many to look through.
  private var exact = EntryChains()
  private var loose = EntryChains()
  /// Whether some entry has fields that no column is for.
  private(set) var hasExtra = false
  /// Of events, while it matters whether some are shared.
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

  /// - Parameter mayShare: Whether equal rows need not be told apart.
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
    for place in exact.count..<entries.count {
      let entry = entries[place]
      exact.append(Self.exactKey(entry.digest, entry.extra))
      loose.append(entry.digest)
    }
  }

  private static func exactKey(_ digest: Fingerprint, _ extra: UInt64) -> Fingerprint {
    Fingerprint(low: digest.low ^ extra, high: digest.high)
  }

  /// A row that is still to be found equal to a new one.
  ///
  /// - Parameters:
  ///   - form: nil: whatever the content is hashed over.
  ///   - extra: nil: whatever it has beyond its columns.
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

  /// Rows that are still to be found equal to a new one, whatever they have beyond their columns; a few of many.
  mutating func candidates(_ digest: Fingerprint, form: Int) -> [Int] {
    var found: [Int] = []
    let entries = entries
    func takes(_ place: Int) -> Bool {
      if entries[place].fits(digest, form, nil) { found.append(place) }
      return found.count == Self.candidateMax
    }
    if exact.isEmpty {
      _ = entries.indices.first(where: takes)
    } else {
      _ = loose.first(digest, in: entries, where: takes)
    }
    return found
  }

  /// Stored rows that are alike but for `extra`, of one instant: beyond so many it is not worth looking for the best.
  private static let candidateMax = 64

  /// Takes one row of an entry as found.
  mutating func consume(_ place: Int) { entries[place].count -= 1 }
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
    var place = heads[key] ?? -1
    while place >= 0 {
      if entries[place].count > 0 {
        if isEnough(place) { return place }
        last = place
      } else if last < 0 {
        heads[key] = next[place]
      } else {
        next[last] = next[place]
      }
      place = next[place]
    }
    return nil
  }
}
