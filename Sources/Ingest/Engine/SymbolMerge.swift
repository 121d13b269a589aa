import Bytes
import Synchronization

/// What the merge of new rows with stored ones comes to.
struct MergeTally {
  /// Rows that are left out because the table has them.
  var alreadyStored = 0
  /// Whether rows were left out because the whole input is known to be stored.
  var isInputStored = false
  /// Rows of a table with a key whose key and content an earlier row of the input had.
  var repeats = 0
  var conflicts: [KeyConflict] = []
  /// Rows that take the place of stored ones which say less.
  var replacements = 0
  /// Stored rows that go, by file and row group.
  var replaced: [Int: [Int: Bitmap]] = [:]
  var overlap = OverlapFigures()
}

/// How the rows of an input and those of its table met: what a finding rests on.
struct OverlapFigures: Sendable {
  /// New rows of a symbol and microsecond of which the table has rows too.
  var meetings = 0
  /// Of these, rows that are equal to a stored one.
  var equal = 0
  /// Whether an equal row has nanoseconds beyond its microsecond.
  var isEqualFine = false
  var isNewFine = false
  var isStoredFine = false
  /// Whether all compared rows have a column that tells events apart.
  var hasIdentity = true
  /// Meeting rows that are equal to no stored one but name the same event.
  var sharedIdentities = 0
  /// The most microseconds at which rows of one symbol met.
  var instantsOfASymbol = 0
  /// Whether a symbol's rows lie among stored ones whose times are finer or coarser, and few are equal.
  var isOtherGrain = false
  /// Rows that were left out though the stored ones they are equal to lack some of their fields, which have others, or
  /// have other values in those that no column is for.
  var halfSaid = 0
  /// Rows that meet stored ones of which a part of the key is not known on one side, and are equal to none.
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

  /// Microseconds at which rows of one symbol may meet by the way a file was cut.
  private static let instantsOfACut = 2

  /// What a person should look at; nil where the rule for equal rows leaves no doubt.
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

/// Why it is doubtful which rows of an input the table has already.
public enum OverlapFinding: String, Hashable, Sendable {
  /// Rows were left out as equal to stored ones, and nothing tells two events of one time apart.
  case nothingIdentifies
  /// Rows meet stored ones of the same symbol and time, none is equal, and one side has finer times.
  case otherPrecision
  /// The same, with times of one precision.
  case nothingEqual
  /// Rows were left out as equal to stored ones, and both sides have fields that the other lacks.
  case otherColumns
  /// Rows of a table with a key meet stored ones that have other values, and one side does not know all of the key.
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

/// The merge of one symbol's new rows with the stored ones, row by row.
struct SymbolMerge {
  /// What becomes of a new row.
  enum Verdict { case stays, stored, repeated, conflict }

  /// Compares what a new row says beyond its columns with what a stored one does.
  typealias Relating = (NewRow, InstantRows.Entry, StoredFile) throws -> ExtraRelation

  let name: String
  let cursors: [StoredCursor]
  let mayHaveTwins: Bool
  /// Forms of comparison, those of most columns first.
  let formOrder: [Int]
  private let hasIdentity: Bool
  /// Of a key and the content under it; the table has room for more than is in it.
  static let seenByteCount = 6 * MemoryLayout<Fingerprint>.stride
  var tally: MergeTally
  /// Place of the next row.
  var row = 0
  /// Rows that are left out.
  var dropped: Bitmap
  private(set) var microsecond: Int64?
  var stored: InstantRows
  private var seen: [Fingerprint: Fingerprint] = [:]
  private let seenShare: MergeShare
  private var meetingInstants = 0
  /// Whether stored rows of the current microsecond are found by their content although the table has a key.
  private var hasHalfKeyed = false
  /// Whether new rows have fields that no column is for.
  private let hasExtra: Bool
  let rowByteCount: Int
  /// New rows whose stored counterpart is chosen at the end of the instant.
  var late: [LateRow] = []
  let lateShare: MergeShare
  let relating: Relating
  /// New rows among stored ones, how fine their times are, how many were equal before.
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

  /// Whether stored rows lie in the current microsecond.
  var isMeeting: Bool { !stored.isEmpty }
  /// Whether it still matters if rows name the same events.
  var watchesIdentity: Bool { hasIdentity && tally.overlap.equal == 0 }

  /// The first microsecond from `first` on with stored rows that were not taken yet; nil: none.
  func nextStored(from first: Int64) throws -> Int64? {
    var next: Int64?
    for cursor in cursors {
      try cursor.skip(before: first)
      if let time = try cursor.microsecond(), time < next ?? .max { next = time }
    }
    return next
  }

  /// Goes on to a microsecond: takes its stored rows.
  mutating func turn(to microsecond: Int64, isKeyed: Bool) throws {
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
    for (place, cursor) in cursors.enumerated() {
      try cursor.take(microsecond) { row in
        try stored.add(
          row, digest: cursor.isByKey ? row.key : row.content, form: cursor.view.form,
          cursor: place,
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
  /// - Parameter identities: What names its event, by form.
  mutating func didMeet(_ time: Int64, identities: [UInt64]) {
    tally.overlap.meetings += 1
    if time % 1000 != 0 { tally.overlap.isNewFine = true }
    if identities.contains(where: stored.identities.contains) {
      tally.overlap.sharedIdentities += 1
    }
  }

  /// Notes the time of a new row that stored rows of its symbol lie around.
  mutating func didPass(_ time: Int64) throws {
    let isAmong =
      try isMeeting || cursors.contains { try $0.grain.isKnown && $0.microsecond() != nil }
    if !isAmong { return }
    amongCount += 1
    grain.add(time)
  }

  /// For a table without a key, and for stored rows of which the key is not all known.
  ///
  /// - Parameter waits: Whether it may be told at the end of the instant.
  mutating func judge(_ new: NewRow, waits: Bool) throws -> Verdict {
    if stored.isEmpty { return .stays }
    // The one that says the same, whatever else is alike.
    let extra = stored.hasExtra ? new.extra : 0
    var isAlike = false
    for form in formOrder {
      if let place = stored.find(new.content(form), form: form, extra: extra) {
        return try take(place, new)
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
      if let place = try bestOfOthers(new) { return try take(place, new) }
    }
    if hasHalfKeyed { tally.overlap.halfKeyed += 1 }
    return .stays
  }

  /// For a table with a key.
  ///
  /// - Parameter own: The row's content over all its columns; nil where no other row of the input has its key.
  mutating func judge(
    key: Fingerprint, own: Fingerprint?, _ new: NewRow
  ) throws -> Verdict {
    if let own, let known = seen[key] {
      if known != own { return .conflict }
      tally.repeats += 1
      return .repeated
    }
    var verdict = Verdict.stays
    if let place = stored.find(key, form: nil, extra: nil) {
      let entry = stored.entries[place]
      if new.content(entry.form) != entry.content { return .conflict }
      let relation = try relation(new, entry)
      if relation == .contrary { return .conflict }
      tally.overlap.equal += 1
      verdict = settle(place, new, relation)
      if verdict == .stays { stored.consume(place) }
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

  /// A new row is found equal to a stored one.
  mutating func take(_ place: Int, _ new: NewRow) throws -> Verdict {
    stored.consume(place)
    tally.overlap.equal += 1
    if new.time % 1000 != 0 { tally.overlap.isEqualFine = true }
    return settle(place, new, try relation(new, stored.entries[place]))
  }

  /// A new row is equal to a stored one: which of them stays?
  private mutating func settle(
    _ place: Int, _ new: NewRow, _ relation: ExtraRelation
  ) -> Verdict {
    let entry = stored.entries[place]
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
    // Equal rows of one feed have times of one grain: then nearly all would be equal.
    if grain.differs(from: storedGrain), 2 * (tally.overlap.equal - equalBefore) < amongCount {
      tally.overlap.isOtherGrain = true
    }
    tally.overlap.instantsOfASymbol = max(tally.overlap.instantsOfASymbol, meetingInstants)
  }
}

/// Counts calls and an amount, on any thread.
final class ByteCounter: Sendable {
  private let state = Mutex<(calls: Int, amount: Int)>((0, 0))

  /// - Returns: The sums with this call.
  func add(_ amount: Int) -> (calls: Int, amount: Int) {
    state.withLock { state in
      state.calls += 1
      state.amount += amount
      return state
    }
  }
}
