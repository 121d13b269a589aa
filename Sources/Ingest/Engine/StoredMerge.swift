import Bytes
import Columnar
import Tables

/// What happens to new rows that the table may have already.
public enum OverlapPolicy: String, CaseIterable, Sendable {
  /// Equal rows count as the same event; if nothing identifies events, that is a finding.
  case merge
  /// The same, and no finding.
  case union
  /// All rows are new.
  case append
  /// New rows with the same symbol and instant as stored ones are an error.
  case refuse
}

/// Merges the new rows of one date with the stored rows of it.
///
/// A table without a key is a multiset: of rows with one symbol and index time that are equal in the columns of
/// both inputs, it holds as many as the input that has most of them. A table with a key keeps the first row: an
/// equal one is left out, another is a conflict. Rows of an input with more information (further columns, or a
/// symbol instead of a fallback) replace the stored rows that they are equal to.
///
/// Both sides are sorted by symbol and time, so that only the rows of one microsecond are in memory.
///
/// Used by one thread.
final class StoredMerge {
  struct Settings: Sendable {
    var keyColumns: [String] = []
    var policy = OverlapPolicy.merge
    var memory: MergeMemory
    var conflictLimit: ConflictLimit

    /// - Parameter budget: Memory of the whole command, in bytes.
    init(
      keyColumns: [String] = [], policy: OverlapPolicy = .merge, budget: Int,
      memory: MergeMemory? = nil
    ) {
      self.keyColumns = keyColumns
      self.policy = policy
      self.memory = memory ?? MergeMemory(budget: budget)
      conflictLimit = ConflictLimit(budget: budget)
    }
  }

  /// Columns that identify events; the first one on both sides is used.
  static let identityColumns = ["sequence", "sequence_number", "order_id", "id"]

  let plan: RowPlan
  let texts: ByteColumn
  let day: StoredDay?
  private let lookup: StoredLookup
  let settings: Settings
  let compared: Set<String>
  /// What rows are compared by: one form for each set of columns that some file has in common with the input.
  private var forms: [Form] = []
  private var files: [StoredFile] = []
  private lazy var ownDigest = RowDigest(
    // Rows that differ only in `extra` are not duplicates within one input.
    columns: plan.columns.filter {
      compared.contains($0.field.name) || $0.field.name == ExtraTime.column
    }, texts: texts)
  private lazy var wholeDigest = RowDigest(columns: plan.columns, texts: texts)
  private lazy var keyDigest = RowDigest(
    columns: plan.columns.filter { settings.keyColumns.contains($0.field.name) }, texts: texts)
  /// Hashes `extra`; nil if the input has no extra fields.
  lazy var extraDigest: RowDigest? = {
    let columns = plan.columns.filter { $0.field.name == ExtraTime.column && $0.isText }
    return columns.isEmpty ? nil : RowDigest(columns: columns, texts: texts)
  }()
  /// Relations of texts that were parsed.
  var knownRelations: [ExtraWords: ExtraRelation] = [:]
  private let pointers: UnsafeMutablePointer<UnsafeRawPointer>

  private(set) var tally = MergeTally()

  private struct Form {
    var columns: Set<String>
    var digest: RowDigest
    var identity: RowDigest?
  }

  /// - Parameters:
  ///   - day: A date, in days since 1970.
  ///   - blank: Columns in which no new row of the date has a value; they count as missing.
  init(
    _ plan: RowPlan, texts: ByteColumn, day: Int, blank: Set<String>, lookup: StoredLookup,
    settings: Settings
  ) throws {
    self.plan = plan
    self.texts = texts
    self.day = try lookup.take(day: day)
    self.lookup = lookup
    self.settings = settings
    compared = Set(
      plan.columns.filter { $0.isPresent && ColumnSet.isCompared($0.field.name) }
        .map(\.field.name)
    ).subtracting(blank)
    pointers = .allocate(capacity: RowDigest.blockRowMax)
  }

  deinit { pointers.deallocate() }

  private var isKeyed: Bool { !settings.keyColumns.isEmpty }

  /// Stored rows that new ones replace.
  var replaced: [(file: StoredFileSource, rows: [Int: Bitmap])] {
    tally.replaced.sorted { $0.key < $1.key }.map { (files[$0.key].source, $0.value) }
  }

  /// Opens the stored rows at the times of a date's new rows.
  func open(times: ClosedRange<Int64>, symbols: ClosedRange<String>?) throws {
    guard let day, !day.isEmpty, isKeyed || settings.policy != .append else { return }
    files = try day.files(times: times, symbols: symbols)
    for file in files {
      file.view = view(file, day.schema, stored: try file.columns(), new: compared)
    }
  }

  /// The index of a form of comparison, which is added if new.
  func form(_ common: Set<String>) -> Int {
    if let known = forms.firstIndex(where: { $0.columns == common }) { return known }
    forms.append(makeForm(common))
    return forms.count - 1
  }

  /// Whether the table has the whole input already, called if rows of the date may match stored ones.
  ///
  /// Not for tables with a key, whose conflicts must be found again: the run that stored the input may have
  /// ended before it quarantined them.
  func holdsInput() throws -> Bool { try !files.isEmpty && !isKeyed && lookup.holdsInput() }

  /// Counts rows as stored already without reading them.
  func leaveOut(rowCount: Int) {
    tally.alreadyStored += rowCount
    tally.isInputStored = true
  }

  private func makeForm(_ common: Set<String>) -> Form {
    let columns = plan.columns.filter { common.contains($0.field.name) }
    let identity = Self.identity(common, columns.map(\.field))
    return Form(
      columns: common, digest: RowDigest(columns: columns, texts: texts),
      identity: identity.map { field in
        RowDigest(columns: columns.filter { $0.field.name == field.name }, texts: texts)
      })
  }

  static func identity(_ common: Set<String>, _ fields: [Field]) -> Field? {
    guard let name = identityColumns.first(where: common.contains) else { return nil }
    return fields.first { $0.name == name }
  }

  // MARK: - One symbol

  /// Finds the rows of a symbol that are left out.
  ///
  /// - Returns: One bit per row, in order; nil if none are left out.
  func merge(_ symbol: borrowing SymbolRows, name: String) throws -> Bitmap? {
    let first = symbol.earlyGroupCount > 0 ? symbol.lastEarly.index : symbol.earliest
    guard symbol.rowCount > 0, first <= symbol.last.index else { return nil }
    let mayHaveTwins =
      isKeyed && (symbol.hasEqualIndex || !symbol.isOrdered || !symbol.fragments.isEmpty)
    let times = first...symbol.last.index
    if files.isEmpty && !mayHaveTwins { return nil }
    do {
      return try merge(symbol, name, times, mayHaveTwins, isOrdered: true)
    } catch is StoredOutOfOrder {
      return try merge(symbol, name, times, mayHaveTwins, isOrdered: false)
    }
  }

  private func merge(
    _ symbol: borrowing SymbolRows, _ name: String, _ times: ClosedRange<Int64>,
    _ mayHaveTwins: Bool, isOrdered: Bool
  ) throws -> Bitmap? {
    let cursors = try cursors(symbol, name, times, isOrdered: isOrdered)
    if cursors.isEmpty && !mayHaveTwins { return nil }
    let met = Set(cursors.map(\.view.form))
    var work = SymbolMerge(
      name: name, cursors: cursors, rowCount: symbol.rowCount, mayHaveTwins: mayHaveTwins,
      formOrder: met.sorted { forms[$0].columns.count > forms[$1].columns.count },
      hasIdentity: met.allSatisfy { forms[$0].identity != nil }, hasExtra: extraDigest != nil,
      rowByteCount: plan.layout.stride, relating: { try self.relation($0, $1, in: $2) },
      tally: tally, memory: settings.memory)
    try RowMerge.forEachSpan(symbol, order: plan.order, stride: plan.layout.stride) { base, count in
      var at = 0
      while at < count {
        let take = min(count - at, RowDigest.blockRowMax)
        for row in 0..<take { pointers[row] = base + (at + row) * plan.layout.stride }
        try add(RowPointers(pointers: pointers, count: take), to: &work)
        at += take
      }
    }
    try work.endSymbol()
    tally = work.tally
    return work.dropped.setCount == 0 ? nil : work.dropped
  }

  private func cursors(
    _ symbol: borrowing SymbolRows, _ name: String, _ times: ClosedRange<Int64>, isOrdered: Bool
  ) throws -> [StoredCursor] {
    var cursors: [StoredCursor] = []
    let isFallback = FallbackSymbol.isOne(name)
    var blank: Set<String>?
    for (index, file) in files.enumerated() {
      var names: Set<String> = [name]
      if try isFallback || !file.fallbackSymbols().isEmpty {
        let instruments = try instruments(symbol)
        if isFallback {
          try file.addSymbols(of: instruments, times: times, to: &names)
        } else {
          names.formUnion(
            try file.fallbackSymbols().filter { fallback in
              fallback == FallbackSymbol.unknown
                || instruments.contains { fallback == FallbackSymbol.instrumentPrefix + "\($0)" }
            })
        }
      }
      for stored in names.sorted() {
        if file.candidates(symbol: stored, times: times).isEmpty { continue }
        let isResolved = !isFallback && FallbackSymbol.isOne(stored)
        let ownBlank = try blank ?? blankColumns(symbol)
        blank = ownBlank
        guard let view = try view(file, symbol: stored, blank: ownBlank) else { continue }
        cursors.append(
          try StoredCursor(
            file, fileIndex: index, view: view,
            isByKey: isKeyed && view.hasWholeKey && stored == name, isResolved: isResolved,
            symbol: stored, times: times,
            isOrdered: isOrdered && file.source.isSorted, memory: settings.memory))
      }
    }
    return cursors
  }

  /// The instruments of a symbol's rows; empty if the input has none.
  private func instruments(_ symbol: borrowing SymbolRows) throws -> Set<Int64> {
    let columns = plan.columns.filter {
      $0.isPresent && $0.field.name == StoredFile.instrumentColumn
    }
    guard !columns.isEmpty else { return [] }
    let digest = RowDigest(columns: columns, texts: texts)
    var found: Set<Int64> = []
    try RowMerge.forEachSpan(symbol, order: plan.order, stride: plan.layout.stride) { base, count in
      for row in 0..<count {
        pointers[0] = base + row * plan.layout.stride
        guard let words = digest.firstWords(RowPointers(pointers: pointers, count: 1)) else {
          return
        }
        found.insert(words[0])
      }
    }
    return found
  }

  // MARK: - Rows

  private func add(_ rows: RowPointers, to work: inout SymbolMerge) throws {
    let index = plan.order
    let last = FileBounds.microsecond(index.index(rows[rows.count - 1]))
    let first = FileBounds.microsecond(index.index(rows[0]))
    let next = try work.nextStored(from: first)
    // Nothing is stored at these times, and equal new rows need not be found.
    if !work.mayHaveTwins, work.microsecond != first || work.stored.isEmpty,
      next.map({ $0 > last }) ?? true
    {
      work.row += rows.count
      return
    }
    var contents = [[Fingerprint]](repeating: [], count: forms.count)
    var identities: [[UInt64]] = []
    for form in work.formOrder {
      contents[form] = forms[form].digest.fingerprints(rows)
      if work.watchesIdentity, let words = forms[form].identity?.firstWords(rows) {
        identities.append((0..<rows.count).map { UInt64(bitPattern: words[$0]) })
      }
    }
    let keys = isKeyed ? keyDigest.fingerprints(rows) : []
    let own = work.mayHaveTwins ? ownDigest.fingerprints(rows) : []
    let extras = extraDigest?.firstWords(rows)
    for row in 0..<rows.count {
      let time = index.index(rows[row])
      try work.advance(to: FileBounds.microsecond(time), isKeyed: isKeyed)
      if !isKeyed { try work.didPass(time) }
      if work.isMeeting {
        if settings.policy == .refuse { throw refusal(work.name, time) }
        work.didMeet(time, identities: identities.map { $0[row] })
      }
      let new = NewRow(
        contents: contents, index: row, time: time, packed: rows[row],
        extra: extras.map { UInt64(bitPattern: $0[row]) } ?? 0)
      let verdict =
        isKeyed
        ? try work.judge(key: keys[row], own: own.isEmpty ? nil : own[row], new)
        : try work.judge(new, waits: true)
      if verdict == .conflict {
        let conflict = conflict(rows[row], time, symbol: work.name)
        try settings.conflictLimit.take(byteCount: conflict.original.count)
        work.tally.conflicts.append(conflict)
      }
      if verdict != .stays { work.dropped.set(work.row) }
      work.row += 1
    }
  }

  private func conflict(
    _ row: UnsafeRawPointer, _ time: Int64, symbol: String
  ) -> KeyConflict {
    // The merge's own pointers are in use.
    let pointer = UnsafeMutablePointer<UnsafeRawPointer>.allocate(capacity: 1)
    defer { pointer.deallocate() }
    pointer.initialize(to: row)
    return KeyConflict(
      original: RowValues.json(row, plan.columns, texts: texts),
      content: wholeDigest.fingerprints(RowPointers(pointers: pointer, count: 1))[0],
      timestamp: time, symbol: symbol)
  }

  private func refusal(_ symbol: String, _ time: Int64) -> PassError {
    PassError(
      .input,
      "the table has rows of '\(symbol)' at \(TimeText.iso(nanoseconds: time, digits: 9)) already, and --overlap refuse was given",
      remedy: "--overlap union leaves out what is stored already"
        + (isKeyed
          ? ", and sets other rows of a stored key aside" : ", --overlap append stores all rows"))
  }
}
