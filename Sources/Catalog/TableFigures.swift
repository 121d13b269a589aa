import Bytes
import Columnar
import DeltaLog
import Market

/// Figures of some files of a table, from its log.
public struct TableFigures: Sendable {
  /// Number of files.
  public private(set) var fileCount = 0
  /// nil if it overflows.
  public private(set) var byteCount: Int64? = 0
  /// nil if a file has no valid row count.
  public private(set) var rowCount: Int64? = 0
  /// First date of rows as text; nil if the table is not partitioned by their dates.
  public private(set) var firstDate: String?
  /// Last date of rows; see `firstDate`.
  public private(set) var lastDate: String?
  /// By column; only if every file has them.
  public private(set) var bounds: [String: ColumnBounds] = [:]

  private let fields: [Field]

  /// - Parameter fields: The columns whose bounds are computed.
  public init(of files: some Sequence<AddFile>, fields: [Field]) {
    self.fields = fields
    for file in files { add(file) }
  }

  private mutating func add(_ file: AddFile) {
    let isFirst = fileCount == 0
    fileCount += 1
    byteCount = byteCount.adding(known: file.size)
    let statistics = file.statistics
    rowCount = rowCount.adding(known: file.rowCount(by: statistics))
    if let (first, last) = Self.dates(file, statistics) {
      if firstDate.map({ first < $0 }) ?? true { firstDate = first }
      if lastDate.map({ last > $0 }) ?? true { lastDate = last }
    }
    if statistics?.rowCount == 0 { return }
    for field in fields {
      let new = statistics?.bounds(of: field.name, type: field.type) ?? ColumnBounds()
      bounds[field.name] = isFirst ? new : bounds[field.name].map { Self.joined($0, new) }
    }
  }

  /// The dates of a file's rows: its partition's, or, if that is longer, those in the log's statistics.
  private static func dates(
    _ file: AddFile, _ statistics: FileStatistics?
  ) -> (first: String, last: String)? {
    for period in PartitionPeriod.allCases {
      guard let value = file.partitionValue(period.column) else { continue }
      guard period != .date, let start = period.start(of: file) else { return (value, value) }
      let bounds = statistics?.bounds(of: TableSchema.dateColumn, type: .date)
      if case .integer(let low)? = bounds?.minimum, case .integer(let high)? = bounds?.maximum {
        return (text(.integer(low), .date), text(.integer(high), .date))
      }
      let last = CivilDate(daysSinceEpoch: period.days(around: start).upperBound - 1)
      return (value, last.iso)
    }
    return nil
  }

  /// Bounds over the rows of both.
  private static func joined(_ a: ColumnBounds, _ b: ColumnBounds) -> ColumnBounds {
    var both = ColumnBounds()
    if let left = a.minimum, let right = b.minimum { both.minimum = lesser(left, right) }
    if let left = a.maximum, let right = b.maximum {
      both.maximum = lesser(left, right) == left ? right : left
    }
    both.maximumIsPrefix = a.maximumIsPrefix || b.maximumIsPrefix
    both.nullCount = a.nullCount.adding(known: b.nullCount)
    return both
  }

  private static func lesser(_ a: StatValue, _ b: StatValue) -> StatValue {
    switch (a, b) {
    case (.integer(let left), .integer(let right)): left <= right ? a : b
    case (.decimal(let left), .decimal(let right)): left <= right ? a : b
    case (.double(let left), .double(let right)): left <= right ? a : b
    case (.string(let left), .string(let right)): left <= right ? a : b
    default: a
    }
  }

  /// A bound for people: times in UTC, or without a zone, decimals without trailing zeros.
  public static func text(_ value: StatValue, _ type: ColumnType) -> String {
    switch value {
    case .integer(let integer):
      switch type {
      case .boolean: return integer == 0 ? "false" : "true"
      case .date: return CivilDate(daysSinceEpoch: Int(integer)).iso
      case .timestamp(_, let isUTC):
        let (nanoseconds, overflow) = integer.multipliedReportingOverflow(by: 1000)
        if overflow { return String(integer) }
        let text = TimeText.iso(
          nanoseconds: nanoseconds, digits: integer % 1_000_000 == 0 ? 0 : 6)
        return isUTC ? text : String(text.dropLast())
      default: return String(integer)
      }
    case .decimal(let unscaled):
      if case .decimal(_, let scale) = type {
        return DecimalText.format(unscaled, scale: scale, trimmed: true)
      }
      return String(unscaled)
    case .double(let double): return double.description
    case .string(let string): return string
    }
  }
}
