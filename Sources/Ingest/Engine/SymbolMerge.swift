import Bytes
import Synchronization

/// The result of merging new rows with stored ones.
struct MergeTally {
  /// Rows that are left out since the table has them.
  var alreadyStored = 0
  /// Whether rows were left out since the whole input is known to be stored.
  var isInputStored = false
  /// Duplicates in a table with a key: rows whose key and content an earlier row of the input had.
  var repeats = 0
  var conflicts: [KeyConflict] = []
  /// Rows that replace stored ones with less information.
  var replacements = 0
  /// Stored rows that are removed, by file and row group.
  var replaced: [Int: [Int: Bitmap]] = [:]
  var overlap = OverlapFigures()
}

/// Figures about how an input's rows matched the stored ones, for findings.
struct OverlapFigures: Sendable {
  /// New rows with a symbol and microsecond that the table has rows of too.
  var meetings = 0
  /// Of these, rows that are equal to a stored one.
  var equal = 0
  /// Whether an equal row has nanoseconds beyond its microsecond.
  var isEqualFine = false
  var isNewFine = false
  var isStoredFine = false
  /// Whether all compared rows have a column that identifies events.
  var hasIdentity = true
  /// Rows that are equal to no stored one but identify the same event.
  var sharedIdentities = 0
  /// The most microseconds at which rows of one symbol met stored ones.
  var instantsOfASymbol = 0
  /// Whether a symbol's rows lie among stored ones of another time precision, and few are equal.
  var isOtherGrain = false
  /// Rows that were left out though their stored counterparts lack some of their fields, which have others, or
  /// have other values in extra fields.
  var halfSaid = 0
  /// Rows at times of stored ones for which a part of the key is unknown on one side, and that are equal to
  /// none.
  var halfKeyed = 0

  static func + (left: OverlapFigures, right: OverlapFigures) -> OverlapFigures {
    var sum = left
    sum.meetings += right.meetings
    sum.equal += right.equal
    sum.isEqualFine = left.isEqualFine || right.isEqualFine
    sum.isNewFine = left.isNewFine || right.isNewFine
    sum.isStoredFine = left.isStoredFine || right.isStoredFine
    sum.hasIdentity = left.hasIdentity && right.hasIdentity
    sum.sharedIdentities += right.sharedIdentities
    sum.instantsOfASymbol = max(left.instantsOfASymbol, right.instantsOfASymbol)
    sum.isOtherGrain = left.isOtherGrain || right.isOtherGrain
    sum.halfSaid += right.halfSaid
    sum.halfKeyed += right.halfKeyed
    return sum
  }

  /// Microseconds at which rows of one symbol may meet just because of how a file was cut.
  private static let instantsOfACut = 2

  /// A finding for the user to look at; nil if the rule for equal rows leaves no doubt.
  ///
  /// - Parameter isKeyed: Whether the table has a key.
  func finding(isKeyed: Bool) -> OverlapFinding? {
    if halfKeyed > 0 { return .otherKey }
    if halfSaid > 0 { return .otherColumns }
    if isKeyed { return nil }
    if isOtherGrain { return .otherPrecision }
    if equal > 0 { return hasIdentity || isEqualFine ? nil : .nothingIdentifies }
    guard meetings > 0 else { return nil }
    if isNewFine != isStoredFine { return .otherPrecision }
    let namesTheSame = !hasIdentity || sharedIdentities > 0
    return namesTheSame && instantsOfASymbol > Self.instantsOfACut ? .nothingEqual : nil
  }
}

/// Why it is uncertain which rows of an input the table has already.
public enum OverlapFinding: String, Hashable, Sendable {
  /// Rows were left out as equal to stored ones, though nothing distinguishes two events of one time.
  case nothingIdentifies
  /// Rows meet stored ones of the same symbol and time, none is equal, and one side has finer times.
  case otherPrecision
  /// The same, with times of equal precision.
  case nothingEqual
  /// Rows were left out as equal to stored ones, and both sides have fields that the other lacks.
  case otherColumns
  /// Rows of a table with a key meet stored ones with other values, and one side does not have the whole key.
  case otherKey

  /// As programs read it.
  public var name: String {
    switch self {
    case .nothingIdentifies: "nothing_identifies"
    case .otherPrecision: "other_precision"
    case .nothingEqual: "nothing_equal"
    case .otherColumns: "other_columns"
    case .otherKey: "other_key"
    }
  }
}

/// Merges one symbol's new rows with the stored ones, row by row.
struct SymbolMerge {
  /// The result for a new row.
  enum Verdict { case stays, stored, repeated, conflict }

  /// Compares a new row's extra fields with a stored one's.
  typealias Relating = (NewRow, InstantRows.Entry, StoredFile) throws -> ExtraRelation

  let name: String
  let cursors: [StoredCursor]
  let mayHaveTwins: Bool
  /// Forms of comparison, those with most columns first.
  let formOrder: [Int]
  private let hasIdentity: Bool
  /// Memory of a key with its content; the table has spare capacity.
  static let seenByteCount = 6 * MemoryLayout<Fingerprint>.stride
  var tally: MergeTally
  /// Index of the next row.
  var row = 0
  /// Rows that are left out.
  var dropped: Bitmap
  private(set) var microsecond: Int64?
  var stored: InstantRows
  private var seen: [Fingerprint: Fingerprint] = [:]
  private let seenShare: MergeShare
  private var meetingInstants = 0
  /// Whether stored rows of the current microsecond are matched by content although the table has a key.
  private var hasHalfKeyed = false
  /// Whether new rows have extra fields.
  private let hasExtra: Bool
  let rowByteCount: Int
  /// New rows whose stored counterpart is chosen at the end of the instant.
  var late: [LateRow] = []
  let lateShare: MergeShare
  let relating: Relating
  /// New rows among stored ones, the precision of their times, and how many were equal before.
  private var amongCount = 0
  private var grain = TimeGrain()
  private let equalBefore: Int

  init(
    name: String, cursors: [StoredCursor], rowCount: Int, mayHaveTwins: Bool, formOrder: [Int],
    hasIdentity: Bool, hasExtra: Bool, rowByteCount: Int,
    relating: @escaping Relating, tally: MergeTally, memory: MergeMemory
  ) {
    stored = InstantRows(memory: memory)
    seenShare = MergeShare(of: memory)
    lateShare = MergeShare(of: memory)
    self.hasExtra = hasExtra
    self.rowByteCount = rowByteCount
    self.relating = relating
    self.name = name
    self.cursors = cursors
    self.mayHaveTwins = mayHaveTwins
    self.formOrder = formOrder
    self.hasIdentity = hasIdentity
    self.tally = tally
    equalBefore = tally.overlap.equal
    dropped = Bitmap(count: rowCount)
    if !cursors.isEmpty && !hasIdentity { self.tally.overlap.hasIdentity = false }
  }

  /// Whether there are stored rows in the current microsecond.
  var isMeeting: Bool { !stored.isEmpty }
  /// Whether it still matters that rows identify the same events.
  var watchesIdentity: Bool { hasIdentity && tally.overlap.equal == 0 }

  /// The first microsecond from `first` on with stored rows that were not processed yet; nil if none.
  func nextStored(from first: Int64) throws -> Int64? {
    var next: Int64?
    for cursor in cursors {
      try cursor.skip(before: first)
      if let time = try cursor.microsecond(), time < next ?? .max { next = time }
    }
    return next
  }

  /// Moves to a microsecond and loads its stored rows.
  mutating func advance(to microsecond: Int64, isKeyed: Bool) throws {
    if self.microsecond == microsecond { return }
    try settleLate()
    self.microsecond = microsecond
    stored.removeAll()
    hasHalfKeyed = false
    if !seen.isEmpty {
      seen.removeAll(keepingCapacity: true)
      seenShare.reset()
    }
    let watches = watchesIdentity
    for (index, cursor) in cursors.enumerated() {
      try cursor.take(microsecond) { row in
        try stored.add(
          row, digest: cursor.isByKey ? row.key : row.content, form: cursor.view.form,
          cursor: index,
          mayShare: !isKeyed && !cursor.mayBeReplaced(hasExtra: hasExtra))
        if isKeyed && !cursor.isByKey { hasHalfKeyed = true }
        if row.time % 1000 != 0 { tally.overlap.isStoredFine = true }
        if watches { stored.identities.insert(row.identity) }
      }
    }
    if isMeeting { meetingInstants += 1 }
  }

  /// Notes that a new row meets stored ones.
  ///
  /// - Parameter identities: The identities of its event, by form.
  mutating func didMeet(_ time: Int64, identities: [UInt64]) {
    tally.overlap.meetings += 1
    if time % 1000 != 0 { tally.overlap.isNewFine = true }
    if identities.contains(where: stored.identities.contains) {
      tally.overlap.sharedIdentities += 1
    }
  }

  /// Notes the time of a new row that lies among stored rows of its symbol.
  mutating func didPass(_ time: Int64) throws {
    let isAmong =
      try isMeeting || cursors.contains { try $0.grain.isKnown && $0.microsecond() != nil }
    if !isAmong { return }
    amongCount += 1
    grain.add(time)
  }

  /// For tables without a key, and stored rows with an incomplete key.
  ///
  /// - Parameter waits: Whether it may be decided at the end of the instant.
  mutating func judge(_ new: NewRow, waits: Bool) throws -> Verdict {
    if stored.isEmpty { return .stays }
    // An exact match first, whatever else is similar.
    let extra = stored.hasExtra ? new.extra : 0
    var isAlike = false
    for form in formOrder {
      if let index = stored.find(new.content(form), form: form, extra: extra) {
        return try take(index, new)
      }
      if stored.hasExtra, !isAlike {
        isAlike = stored.find(new.content(form), form: form, extra: nil) != nil
      }
    }
    if isAlike {
      if waits {
        try wait(new)
        return .stays
      }
      if let index = try bestOfOthers(new) { return try take(index, new) }
    }
    if hasHalfKeyed { tally.overlap.halfKeyed += 1 }
    return .stays
  }

  /// For tables with a key.
  ///
  /// - Parameter own: Hash of the row over all its columns; nil if no other row of the input has its key.
  mutating func judge(
    key: Fingerprint, own: Fingerprint?, _ new: NewRow
  ) throws -> Verdict {
    if let own, let known = seen[key] {
      if known != own { return .conflict }
      tally.repeats += 1
      return .repeated
    }
    var verdict = Verdict.stays
    if let index = stored.find(key, form: nil, extra: nil) {
      let entry = stored.entries[index]
      if new.content(entry.form) != entry.content { return .conflict }
      let relation = try relation(new, entry)
      if relation == .contrary { return .conflict }
      tally.overlap.equal += 1
      verdict = settle(index, new, relation)
      if verdict == .stays { stored.consume(index) }
    } else if hasHalfKeyed {
      verdict = try judge(new, waits: false)
    }
    if let own, verdict == .stays {
      try seenShare.take(
        Self.seenByteCount,
        rows: "the rows of one symbol at one instant, \(seen.count) so far,",
        remedy: "split the file by symbol or time")
      seen[key] = own
    }
    return verdict
  }

  /// A new row matched a stored one.
  mutating func take(_ index: Int, _ new: NewRow) throws -> Verdict {
    stored.consume(index)
    tally.overlap.equal += 1
    if new.time % 1000 != 0 { tally.overlap.isEqualFine = true }
    return settle(index, new, try relation(new, stored.entries[index]))
  }

  /// Decides which of two equal rows stays.
  private mutating func settle(
    _ index: Int, _ new: NewRow, _ relation: ExtraRelation
  ) -> Verdict {
    let entry = stored.entries[index]
    let cursor = cursors[entry.cursor]
    let isGain = cursor.view.isGain(new.packed)
    guard cursor.isReplaced(isGain: isGain, by: relation) else {
      tally.alreadyStored += 1
      let saysWhatIsLost =
        switch relation {
        case .same, .less: false
        case .more, .other, .contrary: true
        }
      if cursor.view.lacksColumns && isGain || saysWhatIsLost { tally.overlap.halfSaid += 1 }
      return .stored
    }
    let rowCount = cursor.file.reader.rowCount(rowGroup: entry.rowGroup)
    tally.replaced[cursor.fileIndex, default: [:]][
      entry.rowGroup, default: Bitmap(count: rowCount)
    ].set(entry.row)
    tally.replacements += 1
    return .stays
  }

  mutating func endSymbol() throws {
    try settleLate()
    var storedGrain = TimeGrain()
    for cursor in cursors { storedGrain.add(cursor.grain) }
    // Equal rows of one feed have equal precision: then nearly all would be equal.
    if grain.differs(from: storedGrain), 2 * (tally.overlap.equal - equalBefore) < amongCount {
      tally.overlap.isOtherGrain = true
    }
    tally.overlap.instantsOfASymbol = max(tally.overlap.instantsOfASymbol, meetingInstants)
  }
}

/// Counts calls and sums an amount, on any thread.
final class ByteCounter: Sendable {
  private let state = Mutex<(calls: Int, amount: Int)>((0, 0))

  /// - Returns: The sums including this call.
  func add(_ amount: Int) -> (calls: Int, amount: Int) {
    state.withLock { state in
      state.calls += 1
      state.amount += amount
      return state
    }
  }
}
