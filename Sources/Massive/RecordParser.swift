import Bytes
import Columnar
import JSON
import Market

/// What is wrong with a record that is not stored. Names are those of rules in quarantine tables.
struct RecordFault {
  var rule: String
  var reason: String

  /// Characters of a value in a message at most.
  static let shownMax = 60

  static func shown(_ bytes: UnsafeRawBufferPointer) -> String {
    let text = String(decoding: bytes.prefix(shownMax), as: UTF8.self)
    return bytes.count > shownMax ? text + "…" : text
  }
}

/// The first instant of a date.
enum Midnight {
  /// Nanoseconds since 1970 UTC; nil before that, or if they do not fit into 64 bits.
  static func nanoseconds(_ date: CivilDate, _ zone: TimeZoneRules) -> Int64? {
    let (start, overflow) = zone.startOfDay(date.daysSinceEpoch).multipliedReportingOverflow(
      by: 1_000_000_000)
    return overflow || start < 0 ? nil : start
  }
}

/// Parses JSON objects of one shape into packed rows: every value is exact, or the record is rejected.
final class RecordParser {
  let shape: RecordShape
  let strings: StringTable
  private let zone: TimeZoneRules
  private let scratch = ByteBuffer()
  private let extra = ByteBuffer()

  init(shape: RecordShape, strings: StringTable, zone: TimeZoneRules) {
    self.shape = shape
    self.strings = strings
    self.zone = zone
  }

  /// Parses the next object.
  ///
  /// - Parameters:
  ///   - row: `shape.layout.stride` bytes; they are overwritten.
  ///   - other: Called for a member that the shape lacks, before its value; returns true if it parsed the
  ///     value.
  /// - Returns: nil if the row is complete.
  func parse(
    _ parser: inout JSONParser, into row: UnsafeMutableRawPointer,
    other: (JSONText, inout JSONParser) throws(JSONError) -> Bool = { _, _ in false }
  ) throws(JSONError) -> RecordFault? {
    row.initializeMemory(as: UInt8.self, repeating: 0, count: shape.layout.stride)
    extra.removeAll()
    var fault: RecordFault?
    var seen: UInt64 = 0
    try parser.beginObject()
    while let key = try parser.nextKey() {
      guard let position = shape.position(of: key) else {
        if try !other(key, &parser) { addExtra(key, try parser.skipValue()) }
        continue
      }
      let isRepeated = seen & 1 << UInt64(position) != 0
      seen |= 1 << UInt64(position)
      if isRepeated {
        try parser.skipValue()
        fault =
          fault
          ?? RecordFault(
            rule: "repeated_member", reason: "'\(key.string)' stands twice in the record")
        continue
      }
      if try parser.skipNull() {
        seen &= ~(1 << UInt64(position))
        continue
      }
      if shape.members[position].form == .average, try parser.peek() == .number {
        let digits = try parser.number()
        if !storeAverage(shape.members[position], digits, row) { addExtra(key, digits) }
        continue
      }
      let wrong = try store(shape.members[position], &parser, row)
      fault = fault ?? wrong
    }
    for (position, member) in shape.members.enumerated()
    where member.isRequired && seen & 1 << UInt64(position) == 0 && fault == nil {
      fault = RecordFault(rule: "null_required", reason: "'\(member.name)' is missing")
    }
    finishExtra(row)
    return fault
  }

  /// Keeps a member that the schema lacks.
  func addExtra(_ key: JSONText, _ value: UnsafeRawBufferPointer) {
    extra.append(extra.count == 0 ? [0x7B, 0x22] : [0x2C, 0x22])
    extra.append(key.bytes)
    extra.append([0x22, 0x3A])
    CompactJSON.append(value, to: extra)
  }

  private func finishExtra(_ row: UnsafeMutableRawPointer) {
    if extra.count == 0 { return }
    extra.append([0x7D])
    put(extra.bytes, shape.extra, row)
  }

  /// Sets a field to a text, which becomes valid.
  func put(_ text: UnsafeRawBufferPointer, _ field: RowField, _ row: UnsafeMutableRawPointer) {
    row.storeLE(strings.code(text), field.offset)
    markValid(field, row)
  }

  func markValid(_ field: RowField, _ row: UnsafeMutableRawPointer) {
    guard case .bit(let offset, let mask) = field.null else { return }
    row.storeLE(UnsafeRawPointer(row).loadLE(offset, as: UInt8.self) | mask, offset)
  }

  /// The code of a text, unescaped.
  func code(_ text: JSONText) -> UInt32 {
    if !text.hasEscapes { return strings.code(text.bytes) }
    scratch.reserve(text.bytes.count)
    let target = UnsafeMutableRawBufferPointer(start: scratch.base, count: scratch.capacity)
    let count = text.unescape(into: target)
    return strings.code(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<count]))
  }

  // MARK: - Values

  private func store(
    _ member: Member, _ parser: inout JSONParser, _ row: UnsafeMutableRawPointer
  ) throws(JSONError) -> RecordFault? {
    if member.form == .endOfBar {
      try parser.skipValue()
      return RecordFault(
        rule: "end_of_bar",
        reason: "the answer is of another kind (previous close, grouped by day): its times are ends"
      )
    }
    guard let field = member.field else {
      try parser.skipValue()
      return nil
    }
    let kind = try parser.peek()
    switch member.form {
    case .decimal, .average, .integer, .milliseconds:
      guard kind == .number else { return try wrongKind(member, "a number", &parser) }
      return storeNumber(member, field, try parser.number(), row)
    case .instant, .midnight, .date:
      guard kind == .string else { return try wrongKind(member, "a time", &parser) }
      return storeTime(member, field, try parser.text(), row)
    case .text:
      guard kind == .string else { return try wrongKind(member, "a text", &parser) }
      row.storeLE(code(try parser.text()), field.offset)
    case .boolean:
      guard kind == .boolean else { return try wrongKind(member, "true or false", &parser) }
      row.storeLE(try parser.boolean() ? UInt8(1) : 0, field.offset)
    case .json:
      let value = try parser.skipValue()
      scratch.removeAll()
      CompactJSON.append(value, to: scratch)
      row.storeLE(strings.code(scratch.bytes), field.offset)
    case .ignored, .endOfBar: try parser.skipValue()
    }
    markValid(field, row)
    return nil
  }

  private func wrongKind(
    _ member: Member, _ wanted: String, _ parser: inout JSONParser
  ) throws(JSONError) -> RecordFault {
    let value = try parser.skipValue()
    let isNumber = wanted == "a number"
    return RecordFault(
      rule: isNumber ? "not_a_number" : wanted == "a time" ? "bad_time" : "unsupported_value",
      reason: "'\(member.name)' is \(RecordFault.shown(value)), expected \(wanted)")
  }

  private func storeNumber(
    _ member: Member, _ field: RowField, _ digits: UnsafeRawBufferPointer,
    _ row: UnsafeMutableRawPointer
  ) -> RecordFault? {
    let shown = RecordFault.shown(digits)
    switch member.form {
    case .decimal(let precision, let scale):
      let short = scale >= 9 ? DoubleDigits.short(digits, scale: scale) : nil
      guard let value = short ?? DecimalText.parse(digits, scale: scale),
        value.magnitude < UInt128(DecimalText.powersOfTen[precision])
      else {
        return RecordFault(
          rule: "does_not_fit",
          reason: "'\(member.name)' is \(shown), which decimal(\(precision),\(scale)) cannot hold")
      }
      if precision > 18 {
        row.storeLE(value, field.offset)
      } else {
        row.storeLE(Int64(truncatingIfNeeded: value), field.offset)
      }
    case .milliseconds:
      guard let value = DecimalText.parse(digits, scale: 6), value >= 0, value <= Int64.max else {
        return RecordFault(
          rule: "time_out_of_range",
          reason: "'\(member.name)' is \(shown), expected milliseconds since 1970")
      }
      row.storeLE(Int64(value), field.offset)
    default:
      guard let value = DecimalText.parse(digits, scale: 0), let exact = Int64(exactly: value)
      else {
        return RecordFault(
          rule: "does_not_fit",
          reason: "'\(member.name)' is \(shown), expected a whole number of 64 bits")
      }
      row.storeLE(exact, field.offset)
    }
    markValid(field, row)
    return nil
  }

  /// false if the value does not fit.
  private func storeAverage(
    _ member: Member, _ digits: UnsafeRawBufferPointer, _ row: UnsafeMutableRawPointer
  ) -> Bool {
    let short = DoubleDigits.short(digits, scale: 9)
    guard let field = member.field, let value = short ?? DecimalText.parse(digits, scale: 9),
      value.magnitude < UInt128(DecimalText.powersOfTen[18])
    else { return false }
    row.storeLE(Int64(truncatingIfNeeded: value), field.offset)
    markValid(field, row)
    return true
  }

  private func storeTime(
    _ member: Member, _ field: RowField, _ text: JSONText, _ row: UnsafeMutableRawPointer
  ) -> RecordFault? {
    let string = text.string
    let bad = RecordFault(
      rule: "bad_time", reason: "'\(member.name)' is '\(RecordFault.shown(text.bytes))', no time")
    switch member.form {
    case .instant:
      guard let (nanoseconds, _) = TimeText.parseISO(string), nanoseconds >= 0 else { return bad }
      row.storeLE(nanoseconds, field.offset)
    case .midnight:
      guard let date = CivilDate(iso: string.prefix(10)),
        string.utf8.count == 10 || TimeText.parseISO(string) != nil
      else { return bad }
      guard let start = Midnight.nanoseconds(date, zone) else { return bad }
      row.storeLE(start, field.offset)
    default:
      guard let date = CivilDate(iso: string) else { return bad }
      row.storeLE(Int32(clamping: date.daysSinceEpoch), field.offset)
    }
    markValid(field, row)
    return nil
  }
}
