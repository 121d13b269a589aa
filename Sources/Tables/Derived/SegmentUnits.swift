import Bytes
import Catalog
import Columnar
import DeltaLog
import Platform

/// The dates in a segment of a table partitioned by month or year, with a fingerprint of each: the tag
/// `lake.units`.
///
///     2024-01-02:391:9f…e1:03b7…;2024-01-03:391:04…7c:b1…
///
/// Fields of a date: row count, sum of the rows' hashes, and in a derived table the first 16 digits of the
/// derivation's input hash. An entry without the last field was not derived, or its origin is unknown.
package struct SegmentUnits: Hashable, Sendable {
  /// What the segment holds of one date.
  package struct Unit: Hashable, Sendable {
    /// Rows of the date in this segment.
    package var rowCount: Int64
    /// Sum of their hashes, as in `PartitionFingerprint`.
    package var rowHash: Fingerprint
    /// The leading digits of the derivation's input hash; nil if unknown.
    package var inputs: String?

    /// - Parameter inputs: The first `inputDigitCount` hexadecimal digits of the derivation's input hash.
    package init(rowCount: Int64, rowHash: Fingerprint, inputs: String? = nil) {
      self.rowCount = rowCount
      self.rowHash = rowHash
      self.inputs = inputs
    }
  }

  /// Name of the tag in the log.
  package static let tag = "lake.units"
  /// Digits of a derivation's inputs that are kept.
  package static let inputDigitCount = 16

  /// By ISO date.
  package private(set) var byDate: [String: Unit] = [:]

  /// No dates.
  package init() {}

  /// One date.
  package init(_ date: String, _ unit: Unit) { byDate = [date: unit] }

  /// nil if the text is no list of units: then nothing is known of the segment.
  package init?(tag text: String) {
    for entry in text.split(separator: ";", omittingEmptySubsequences: false) {
      let parts = entry.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard (3...4).contains(parts.count), CivilDate(iso: parts[0]) != nil,
        let rowCount = Int64(parts[1]), rowCount >= 0, let hash = Fingerprint(hex: parts[2])
      else { return nil }
      let inputs = parts.count == 4 ? parts[3] : nil
      guard inputs.map({ $0.utf8.count == Self.inputDigitCount }) ?? true else { return nil }
      let unit = Unit(rowCount: rowCount, rowHash: hash, inputs: inputs)
      if byDate.updateValue(unit, forKey: parts[0]) != nil { return nil }
    }
  }

  /// The tag's value, by ascending date: equal units give equal texts.
  package var text: String {
    byDate.sorted { $0.key < $1.key }.map { date, unit in
      "\(date):\(unit.rowCount):\(unit.rowHash)" + (unit.inputs.map { ":" + $0 } ?? "")
    }.joined(separator: ";")
  }

  /// Whether the segment holds no date at all.
  package var isEmpty: Bool { byDate.isEmpty }
  /// ISO dates.
  package var dates: Set<String> { Set(byDate.keys) }

  /// Adds another segment's rows. A date in both keeps its input hash only if both have the same.
  package mutating func add(_ other: SegmentUnits) {
    byDate.merge(other.byDate) { one, other in
      Unit(
        rowCount: one.rowCount.adding(clamped: other.rowCount),
        rowHash: Self.sum([one.rowHash, other.rowHash]),
        inputs: one.inputs == other.inputs ? one.inputs : nil)
    }
  }

  /// The same segment once the rows of these dates are taken out of it.
  package func without(_ dates: Set<String>) -> SegmentUnits {
    var rest = self
    rest.byDate = byDate.filter { !dates.contains($0.key) }
    return rest
  }

  /// The same rows, made of what others say of their dates.
  package func withInputs(of others: SegmentUnits?) -> SegmentUnits {
    var same = self
    for (date, unit) in others?.byDate ?? [:] { same.byDate[date]?.inputs = unit.inputs }
    return same
  }

  /// Of all dates together.
  package var rowCount: Int64 {
    byDate.values.reduce(0) { $0.adding(clamped: $1.rowCount) }
  }

  /// Sum over all dates: the fingerprint of the whole segment.
  package var rowHash: Fingerprint { Self.sum(byDate.values.map(\.rowHash)) }

  private static func sum(_ hashes: [Fingerprint]) -> Fingerprint {
    hashes.reduce(into: Fingerprint()) { $0 &+= $1 }
  }
}

extension SegmentUnits {
  /// Reads the dates of a data file's rows, from its column `date`.
  ///
  /// - Parameters:
  ///   - fields: The table's content columns: `TableSchema.rowFields`.
  ///   - widens: Whether the file's numbers may be narrower than the table's.
  /// - Throws: If a row has no date.
  package init(path: String, fields: [Field], widens: Bool = false) throws {
    try self.init(SegmentReader(path: path, fields: fields, widens: widens), fields: fields)
  }

  /// The same, of an open file: rows that are deleted don't count.
  private init(_ reader: SegmentReader, fields: [Field]) throws {
    let date = Field(TableSchema.dateColumn, .date)
    let content = fields.filter { !RowSums.isProvenance($0.name) }
    var byDay: [Int64: Unit] = [:]
    for group in reader.rowGroups {
      let days = try reader.column(date, group)
      guard case .integers(let values) = days.storage, values.count == group.count,
        days.validity.map({ !$0.contains(0) }) ?? true
      else {
        throw PassError(
          .input,
          "the file's rows have no '\(TableSchema.dateColumn)', and the table is kept by a longer period",
          place: reader.path,
          remedy:
            "lake restore \(LoggedFile.table(of: reader.path)) --version N takes back the commit that brought the file"
        )
      }
      let sums = try reader.sums(of: content, group)
      for row in reader.liveRows(of: group).joined() {
        byDay[values[row], default: Unit(rowCount: 0, rowHash: Fingerprint())].add(sums[row])
      }
    }
    for (day, unit) in byDay { byDate[CivilDate(daysSinceEpoch: Int(day)).iso] = unit }
  }

  /// Takes the units from the file's tag, or else reads the file's rows.
  package init(_ file: AddFile, root: String, fields: [Field]) throws {
    if let known = file.units {
      self = known
    } else {
      try self.init(path: file.localPath(in: root), fields: fields)
    }
  }

  /// The same, of a table that other engines may have changed: the tags know nothing of that.
  init(_ file: AddFile, in files: PlainFiles, fields: [Field]) throws {
    if let known = file.units, files.keepsNames, file.deletionVector == nil {
      self = known
    } else {
      try self.init(files.rawReader(of: file, fields: fields), fields: fields)
    }
  }
}

extension SegmentUnits.Unit {
  fileprivate mutating func add(_ row: Fingerprint) {
    rowCount = rowCount.adding(clamped: 1)
    rowHash &+= row
  }
}

extension AddFile {
  /// Units from the file's tag; nil if it has none.
  package var units: SegmentUnits? { tag(SegmentUnits.tag).flatMap { SegmentUnits(tag: $0) } }
}
