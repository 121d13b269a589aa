import Columnar
import JSON
import Parquet

extension FileStatistics {
  /// From the columns in which a checkpoint stores statistics (`stats_parsed`); nil if there are none.
  ///
  /// - Spec: Delta PROTOCOL.md, "Checkpoints", on `stats_parsed`.
  init?(parsed value: Value) {
    guard case .structure = value else { return nil }
    var object = JSONObject()
    if let rows = value["numRecords"]?.integer { object["numRecords"] = .integer(rows) }
    for name in ["minValues", "maxValues", "nullCount"] {
      if let json = value[name].flatMap(Self.json) { object[name] = json }
    }
    self.init(object)
  }

  /// The value as in JSON statistics; nil for null and for what they cannot hold.
  private static func json(_ value: Value) -> JSONValue? {
    switch value {
    case .boolean(let flag): return .boolean(flag)
    case .integer(let number): return .integer(number)
    case .unsigned(let number): return .integer(number)
    case .float(let number): return number.isFinite ? .number("\(number)") : nil
    case .double(let number): return number.isFinite ? .number("\(number)") : nil
    case .decimal(let unscaled, let scale):
      return .number(DecimalText.format(unscaled, scale: scale, trimmed: false))
    case .string(let text): return .string(text)
    case .date(let days): return .string(CivilDate(daysSinceEpoch: Int(days)).iso)
    case .timestamp(let count, let unit, let isUTC):
      let (nanoseconds, overflow) = count.multipliedReportingOverflow(
        by: 1_000_000_000 / unit.perSecond)
      if overflow { return nil }
      // Writers truncate these to milliseconds too: six digits would claim to be exact.
      let text = TimeText.iso(
        nanoseconds: nanoseconds, digits: nanoseconds % 1_000_000 == 0 ? 3 : 6)
      return .string(isUTC ? text : String(text.dropLast()))
    case .structure(let members):
      var object = JSONObject()
      for member in members { object[member.name] = json(member.value) }
      return .object(object)
    case .null, .oversize, .binary, .uuid, .time, .interval, .list, .map: return nil
    }
  }
}
