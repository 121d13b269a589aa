/// A data file that belongs to the table.
///
/// A table may have 100,000 of them, and most commands look at a few: everything but path and size is decoded
/// from a checkpoint's columns on demand.
///
/// - Spec: Delta PROTOCOL.md, "Add File and Remove File".
public struct AddFile: Sendable {
  /// As in the log: a URI, see `DataPath`.
  public var path: String
  /// Bytes.
  public var size: Int64
  /// Milliseconds since 1970 UTC.
  public var modificationTime: Int64
  /// False when the commit only rearranges rows.
  public var dataChange: Bool
  /// Which of its rows are deleted; nil for none.
  public var deletionVector: DeletionVector?
  /// How the log tells of the table's columns; nil if as they are, or in no snapshot.
  var columns: LoggedColumns?
  private var details: Details

  private enum Details: Sendable {
    case given(GivenDetails)
    case stored(CheckpointDetails, row: Int)
  }

  private struct GivenDetails: Sendable {
    var partitionValues: [String: String?]
    var stats: String?
    var tags: [String: String]
  }

  /// A data file of the table.
  public init(
    path: String, partitionValues: [String: String?] = [:], size: Int64, modificationTime: Int64,
    dataChange: Bool = true, stats: String? = nil, tags: [String: String] = [:]
  ) {
    self.path = path
    self.size = size
    self.modificationTime = modificationTime
    self.dataChange = dataChange
    details = .given(
      GivenDetails(partitionValues: partitionValues, stats: stats, tags: tags))
  }

  /// A file in a checkpoint, whose other members are decoded on demand.
  init(
    path: String, size: Int64, modificationTime: Int64, dataChange: Bool,
    details: CheckpointDetails, row: Int
  ) {
    self.path = path
    self.size = size
    self.modificationTime = modificationTime
    self.dataChange = dataChange
    self.details = .stored(details, row: row)
  }

  private var given: GivenDetails {
    get {
      switch details {
      case .given(let details): details
      case .stored(let details, let row):
        GivenDetails(
          partitionValues: details.partitionValues(row), stats: details.stats(row),
          tags: details.tags(row))
      }
    }
    set { details = .given(newValue) }
  }

  /// `deletionVector.uniqueId`; nil if no row is deleted.
  public var deletionVectorID: String? { deletionVector?.uniqueID }

  /// Column to value; nil if the value is null. An empty string is null too.
  public var partitionValues: [String: String?] {
    get {
      let values =
        switch details {
        case .given(let details): details.partitionValues
        case .stored(let details, let row): details.partitionValues(row)
        }
      return columns?.translated(values) ?? values
    }
    set { given.partitionValues = newValue }
  }

  /// JSON text, see `FileStatistics`.
  public var stats: String? {
    get {
      switch details {
      case .given(let details): details.stats
      case .stored(let details, let row): details.stats(row)
      }
    }
    set { given.stats = newValue }
  }

  /// The file's tags. Cost: decoded on each access if they are in a checkpoint.
  public var tags: [String: String] {
    get {
      switch details {
      case .given(let details): details.tags
      case .stored(let details, let row): details.tags(row)
      }
    }
    set { given.tags = newValue }
  }

  /// One tag's value, without decoding the others.
  public func tag(_ name: String) -> String? {
    switch details {
    case .given(let details): details.tags[name]
    case .stored(let details, let row): details.tag(name, row)
    }
  }

  /// The path in the file system: relative to the table's root, or absolute.
  public var filePath: String { DataPath.decoded(path) }

  /// The value of a partition column; nil when it is null or missing.
  public func partitionValue(_ column: String) -> String? {
    let column = columns?.name(of: column) ?? column
    let value =
      switch details {
      case .given(let details): details.partitionValues[column] ?? nil
      case .stored(let details, let row): details.partitionValue(column, row)
      }
    guard let value, !value.isEmpty else { return nil }
    return value
  }

  /// Row count by the tag `lake.rows`, deleted rows included; nil if another writer left none.
  public var taggedRowCount: Int64? {
    tag(Tag.rows).flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The rows' fingerprint without provenance columns, by the tag `lake.rowHash2`, as hexadecimal digits; nil if
  /// rows were deleted since.
  public var taggedRowHash: String? { deletionVector == nil ? tag(Tag.rowHash2) : nil }

  /// Rows that are not deleted; nil if the log does not say.
  public var rowCount: Int64? { rowCount(by: statistics) }

  /// The same, if the file's statistics are at hand.
  public func rowCount(by statistics: FileStatistics?) -> Int64? {
    guard let stored = statistics?.rowCount ?? taggedRowCount else { return nil }
    guard let deleted = deletionVector?.cardinality else { return stored }
    // checked: neither is negative, and the difference isn't.
    return (0...stored).contains(deleted) ? stored - deleted : nil
  }

  /// Names of the tags that `lake` keeps on its files.
  public enum Tag {
    /// Rows of the file, as `lake` counted them.
    public static let rows = "lake.rows"
    /// The sum of the hashes of the file's rows.
    public static let rowHash2 = "lake.rowHash2"
    /// The same in segments of older versions, with provenance columns included.
    public static let rowHash = "lake.rowHash"
  }
}

extension AddFile: Hashable {
  /// Whether both are equal in all members.
  public static func == (one: AddFile, other: AddFile) -> Bool {
    guard one.path == other.path, one.size == other.size,
      one.modificationTime == other.modificationTime, one.dataChange == other.dataChange,
      one.deletionVector == other.deletionVector
    else { return false }
    if case .stored(let details, let row) = one.details,
      case .stored(let others, let otherRow) = other.details, details === others, row == otherRow
    {
      return true
    }
    return one.partitionValues == other.partitionValues && one.stats == other.stats
      && one.tags == other.tags
  }

  /// Hashes the path.
  public func hash(into hasher: inout Hasher) {
    // Files with equal paths are nearly always the same: other members need not be decoded for the hash.
    hasher.combine(path)
    hasher.combine(size)
    hasher.combine(modificationTime)
  }
}
