import Columnar
import JSON

/// The statistics of a data file in its `add` action.
///
/// Other writers truncate timestamps to milliseconds and strings to a prefix; `bounds` allows for that. Only
/// bounds of top-level columns are kept.
///
/// - Spec: Delta PROTOCOL.md, "Per-file Statistics".
public struct FileStatistics: Hashable, Sendable {
  /// Characters of a string bound at most.
  static let stringCharacterMax = 32

  /// Rows in the file, including those hidden by a deletion vector.
  public var rowCount: Int64?
  /// Whether `lake` wrote them: then no string bound is truncated.
  var isOwn = false
  /// How the log tells of the table's columns; nil if as they are.
  var columns: LoggedColumns?
  private var minimums: JSONObject
  private var maximums: JSONObject
  private var nullCounts: JSONObject

  /// Nothing known.
  public init(rowCount: Int64? = nil) {
    self.rowCount = rowCount
    minimums = JSONObject()
    maximums = JSONObject()
    nullCounts = JSONObject()
  }

  /// - Throws: `corrupt` if the text is not a JSON object.
  public init(parsing json: String) throws(DeltaError) {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: json)
    } catch {
      throw DeltaError(.corrupt, "statistics that are not JSON: \(error.message)")
    }
    guard case .object(let object) = value else {
      throw DeltaError(.corrupt, "statistics that are no JSON object")
    }
    self.init(object)
  }

  init(_ object: JSONObject) {
    rowCount = Self.count(object["numRecords"])
    minimums = object["minValues"]?.object ?? JSONObject()
    maximums = object["maxValues"]?.object ?? JSONObject()
    nullCounts = object["nullCount"]?.object ?? JSONObject()
  }

  /// A valid count; else nil.
  private static func count(_ value: JSONValue?) -> Int64? {
    value?.int64.flatMap { $0 >= 0 ? $0 : nil }
  }

  // MARK: - Reading

  /// Bounds and null count of a column, by its type in the table's schema. Unreadable bounds are left out: they
  /// prove nothing.
  public func bounds(of column: String, type: ColumnType) -> ColumnBounds {
    let name = columns?.name(of: column) ?? column
    var bounds = ColumnBounds(nullCount: Self.count(nullCounts[name]))
    if let value = minimums[name] { bounds.minimum = Self.parse(value, type, isMaximum: false) }
    if let value = maximums[name] { bounds.maximum = Self.parse(value, type, isMaximum: true) }
    if columns?.formerFloats.contains(column) == true { bounds.includeFloats() }
    if !isOwn, case .decimal(_, let scale) = type {
      bounds.minimum = Self.widened(bounds.minimum, scale, by: -1)
      bounds.maximum = Self.widened(bounds.maximum, scale, by: 1)
    }
    if case .string? = bounds.maximum { bounds.maximumIsPrefix = !isOwn }
    return bounds
  }

  private static func parse(_ value: JSONValue, _ type: ColumnType, isMaximum: Bool) -> StatValue? {
    switch type {
    case .boolean: return value.boolean.map { .integer($0 ? 1 : 0) }
    case .integer: return value.int64.map { .integer($0) }
    case .float, .double:
      // NaN among the values makes bounds meaningless, and JSON has none.
      return value.double.flatMap { $0.isFinite ? .double($0) : nil }
    case .decimal(_, let scale):
      guard var text = value.number ?? value.string else { return nil }
      return text.withUTF8 {
        DecimalText.parse(UnsafeRawBufferPointer($0), scale: scale).map { .decimal($0) }
      }
    case .date:
      return value.string.flatMap { CivilDate(iso: $0) }.map { .integer(Int64($0.daysSinceEpoch)) }
    case .timestamp:
      guard let text = value.string, let time = microseconds(text) else { return nil }
      // Truncated to milliseconds, or from nanoseconds.
      let cut: Int64 = time.digits <= 3 ? 999 : time.digits > 6 ? 1 : 0
      return .integer(isMaximum ? time.value + cut : time.value)
    case .string: return value.string.map { .string($0) }
    default: return nil
    }
  }

  /// A decimal bound, widened by the error of a writer that converted it to a double. A bound at the limit of
  /// 64 bits proves nothing: some writers saturate there.
  private static func widened(
    _ bound: StatValue?, _ scale: Int, by direction: Int128
  ) -> StatValue? {
    guard case .decimal(let unscaled)? = bound else { return bound }
    var ends: (low: Int128, high: Int128) = (Int128(Int64.min), Int128(Int64.max))
    for _ in 0..<Swift.min(scale, 19) {
      ends.low *= 10
      ends.high *= 10
    }
    if unscaled == ends.low || unscaled == ends.high { return nil }
    let slack = Int128(unscaled.magnitude >> 52)
    return .decimal(unscaled + direction * slack)
  }

  /// Microseconds, rounded down, and the number of fraction digits.
  private static func microseconds(_ text: String) -> (value: Int64, digits: Int)? {
    guard let time = TimeText.parseISO(text) else { return nil }
    let point = text.utf8.firstIndex(of: 0x2E)
    let digits =
      point.map { text.utf8[$0...].dropFirst().prefix { (0x30...0x39).contains($0) }.count } ?? 0
    let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: 1000)
    return (remainder < 0 ? quotient - 1 : quotient, digits)
  }

  // MARK: - Writing

  /// Sets bounds and null count of a column.
  ///
  /// Strings are truncated: the lower bound to a prefix, the upper bound to a text after everything with its
  /// prefix, or left out.
  public mutating func set(_ column: String, type: ColumnType, _ bounds: ColumnBounds) {
    minimums[column] = bounds.minimum.flatMap { Self.print($0, type, isMaximum: false) }
    maximums[column] = bounds.maximum.flatMap { Self.print($0, type, isMaximum: true) }
    nullCounts[column] = bounds.nullCount.map { .integer($0) }
  }

  private static func print(_ value: StatValue, _ type: ColumnType, isMaximum: Bool) -> JSONValue? {
    switch (value, type) {
    case (.integer(let flag), .boolean): return .boolean(flag != 0)
    case (.integer(let days), .date): return .string(CivilDate(daysSinceEpoch: Int(days)).iso)
    case (.integer(let time), .timestamp):
      let (nanoseconds, overflow) = time.multipliedReportingOverflow(by: 1000)
      return overflow ? nil : .string(TimeText.iso(nanoseconds: nanoseconds, digits: 6))
    case (.integer(let number), .decimal(_, let scale)):
      return .number(DecimalText.format(Int128(number), scale: scale, trimmed: false))
    case (.decimal(let number), .decimal(_, let scale)):
      return .number(DecimalText.format(number, scale: scale, trimmed: false))
    case (.integer(let number), .integer): return .integer(number)
    case (.double(let number), _): return number.isFinite ? .number("\(number)") : nil
    case (.string(let text), _): return bound(text, isMaximum).map { .string($0) }
    default: return nil
    }
  }

  private static func bound(_ text: String, _ isMaximum: Bool) -> String? {
    let scalars = text.unicodeScalars
    guard scalars.count > stringCharacterMax else { return text }
    var prefix = String.UnicodeScalarView(scalars.prefix(stringCharacterMax))
    if !isMaximum { return String(prefix) }
    while let last = prefix.popLast() {
      if last.value < 0x10FFFF,
        let next = Unicode.Scalar(last.value == 0xD7FF ? 0xE000 : last.value + 1)
      {
        prefix.append(next)
        return String(prefix)
      }
    }
    return nil
  }

  /// The statistics as `add.stats` holds them.
  public var json: String {
    var object = JSONObject()
    if let rowCount { object["numRecords"] = .integer(rowCount) }
    object["minValues"] = .object(minimums)
    object["maxValues"] = .object(maximums)
    object["nullCount"] = .object(nullCounts)
    return JSONValue.object(object).description
  }
}

extension AddFile {
  /// The file's statistics; nil if it has none, or they are unreadable.
  public var statistics: FileStatistics? {
    guard let stats, var statistics = try? FileStatistics(parsing: stats) else { return nil }
    statistics.isOwn = tag(Tag.rows) != nil && deletionVector == nil
    statistics.columns = columns
    return statistics
  }
}

extension ColumnBounds {
  /// Widens bounds that may be the shortest texts of floats: read as a double, `1.1` is less than the float.
  fileprivate mutating func includeFloats() {
    if case .double(let value)? = minimum { minimum = .double(min(value, Double(Float(value)))) }
    if case .double(let value)? = maximum { maximum = .double(max(value, Double(Float(value)))) }
  }
}
