import Bytes

/// A new row that is compared with the stored ones of its microsecond.
struct NewRow {
  /// By form and row: the row's content over the columns of a form.
  let contents: [[Fingerprint]]
  /// Index in `contents`.
  let index: Int
  let time: Int64
  /// The packed row.
  let packed: UnsafeRawPointer
  /// Canonical word of the row's extra fields; 0 if it has none.
  let extra: UInt64

  func content(_ form: Int) -> Fingerprint { contents[form][index] }
}

/// A new row of a table without a key that matches only stored rows with other content in `extra`. It is
/// decided when all rows of the instant have been seen, since another one may match exactly.
struct LateRow {
  /// Index among the symbol's rows.
  var index: Int
  var time: Int64
  var extra: UInt64
  /// One per form; empty for forms without stored rows.
  var contents: [[Fingerprint]]
  /// A copy of the packed row, whose memory is reused.
  var bytes: [UInt8]
}

extension SymbolMerge {
  /// Keeps a row until all of its instant have been seen.
  mutating func wait(_ new: NewRow) throws {
    var contents = [[Fingerprint]](repeating: [], count: new.contents.count)
    for form in formOrder { contents[form] = [new.content(form)] }
    try lateShare.take(
      rowByteCount + contents.count * 4 * MemoryLayout<Fingerprint>.stride
        + 2 * MemoryLayout<LateRow>.stride,
      rows: "the rows of one symbol at one instant, \(late.count) so far,",
      remedy: "--overlap append, which stores all rows of the input as new ones")
    let bytes = Array(UnsafeRawBufferPointer(start: new.packed, count: rowByteCount))
    late.append(
      LateRow(index: row, time: new.time, extra: new.extra, contents: contents, bytes: bytes))
  }

  /// Matches waiting rows with remaining stored rows.
  mutating func settleLate() throws {
    if late.isEmpty { return }
    let rows = late
    late.removeAll(keepingCapacity: true)
    lateShare.reset()
    for old in rows {
      let verdict = try old.bytes.withUnsafeBytes { bytes throws -> Verdict in
        guard let base = bytes.baseAddress else { return .stays }
        let new = NewRow(
          contents: old.contents, index: 0, time: old.time, packed: base, extra: old.extra)
        guard let index = try bestOfOthers(new) else { return .stays }
        return try take(index, new)
      }
      if verdict != .stays { dropped.set(old.index) }
    }
  }

  /// Among the stored rows that differ only in `extra`, the one whose match loses least.
  mutating func bestOfOthers(_ new: NewRow) throws -> Int? {
    for form in formOrder {
      var best: (index: Int, rank: Int)?
      for index in stored.candidates(new.content(form), form: form) {
        let entry = stored.entries[index]
        // Rows with extra fields before rows without, which any other new row may replace.
        let rank = 2 * (try relation(new, entry).rawValue) + (entry.extra == 0 ? 1 : 0)
        if rank < best?.rank ?? .max { best = (index, rank) }
      }
      if let best { return best.index }
    }
    return nil
  }

  func relation(_ new: NewRow, _ entry: InstantRows.Entry) throws -> ExtraRelation {
    try relating(new, entry, cursors[entry.cursor].file)
  }
}
