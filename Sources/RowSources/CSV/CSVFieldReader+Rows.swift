import Bytes
import Columnar
import JSON

// Columns that fill no field of their own, and what is left to do once a row's fields are read.

extension CSVFieldReader {
  func appendExtra(
    _ column: Int, _ name: [UInt8], _ text: UnsafeRawBufferPointer
  ) -> Bool {
    let content = TextConversion.trimmed(text)
    if TextConversion.isNull(content) { return true }
    if content.contains(0) { return refuse(column, .nulByte, "there is a NUL byte in the text") }
    guard let valid = Original.validText(content) else {
      return refuse(column, .invalidUTF8, "the text is no valid UTF-8")
    }
    extra.append(extra.isEmpty ? 0x7B : 0x2C)
    extra.append(contentsOf: name)
    if CSVFieldReader.isJSONNumber(content) {
      extra.append(contentsOf: content)
    } else {
      JSONWriter.appendQuoted(valid, to: &extra)
    }
    return true
  }

  /// What another table had as `extra` becomes part of this one's.
  func appendObject(_ column: Int, _ name: [UInt8], _ text: UnsafeRawBufferPointer) -> Bool {
    let content = TextConversion.trimmed(text)
    if TextConversion.isNull(content) { return true }
    guard let members = ExtraObject.members(content, apartFrom: plan.extraNames) else {
      return appendExtra(column, name, text)
    }
    if members.isEmpty { return true }
    extra.append(extra.isEmpty ? 0x7B : 0x2C)
    extra.append(contentsOf: members)
    return true
  }

  func keepRemainder(_ column: Int, _ index: Int, _ text: UnsafeRawBufferPointer) -> Bool {
    switch TextConversion.integer(text, in: TimeRemainder.range) {
    case .integer(let value): rowRemainders[index] = Int64(value)
    case .rejected(let rule, let reason): return refuse(column, rule, reason)
    default: break
    }
    return true
  }

  /// Adds to each time of microseconds its nanoseconds.
  private func addRemainders(_ out: UnsafeMutableRawPointer) -> Bool {
    for (index, target) in plan.remainders.enumerated() {
      guard let nanoseconds = rowRemainders[index] else { continue }
      if let fault = TimeRemainder.add(nanoseconds, to: target.time, of: out) {
        return refuse(target.column, fault.0, fault.1)
      }
    }
    return true
  }

  /// A number that JSON allows as it stands: no plus sign, no leading zeros, digits on both sides of
  /// the point.
  static func isJSONNumber(_ text: UnsafeRawBufferPointer) -> Bool {
    guard TextConversion.isNumber(text) else { return false }
    var at = text[0] == 0x2D ? 1 : 0
    guard at < text.count, text[at] >= 0x30, text[at] <= 0x39 else { return false }
    if text[at] == 0x30, at + 1 < text.count, text[at + 1] >= 0x30, text[at + 1] <= 0x39 {
      return false
    }
    while at < text.count, text[at] != 0x2E { at += 1 }
    return at == text.count || (at + 1 < text.count && text[at + 1] >= 0x30 && text[at + 1] <= 0x39)
  }

  func keepDate(_ column: Int, _ text: UnsafeRawBufferPointer) -> Bool {
    if let dated = plan.datedTime, dated.column == column,
      case .pattern(let pattern)? = times[dated.time].form
    {
      let content = TextConversion.trimmed(text)
      guard let day = pattern.read(content)?.day else {
        noteSwapped(column, content)
        return refuse(
          column, .badTime, "\(TextConversion.quoted(content)) is no date as \(pattern.text)")
      }
      rowDate = Int64(day)
      return true
    }
    switch TextConversion.date(text) {
    case .integer(let day): rowDate = Int64(day)
    case .rejected(let rule, let reason): return refuse(column, rule, reason)
    default: break
    }
    return true
  }

  func keepClock(_ column: Int, _ text: UnsafeRawBufferPointer) -> Bool {
    let trimmed = TextConversion.trimmed(text)
    if TextConversion.isNull(trimmed) { return true }
    guard let clock = CompactTime.clock([UInt8](trimmed)) else {
      return refuse(column, .badTime, "\(TextConversion.quoted(trimmed)) is no time of day")
    }
    rowClock = clock
    return true
  }

  func checkRecordType(
    _ column: Int, _ text: UnsafeRawBufferPointer, _ expected: Set<UInt8>
  ) -> Bool {
    let trimmed = TextConversion.trimmed(text)
    if trimmed.isEmpty { return true }
    if let value = DecimalText.parse(trimmed, scale: 0), let type = UInt8(exactly: value),
      expected.contains(type)
    {
      return true
    }
    return refuse(
      column, .otherRecordType, "record type \(TextConversion.quoted(trimmed)) is not of this kind")
  }

  /// Completes a row whose fields are read.
  ///
  /// - Returns: false when the row is rejected.
  func finish(_ out: UnsafeMutableRawPointer) -> Bool {
    if !letters.isEmpty, let reason = letters.settle(out, strings) {
      rejection = (.unknownLetter, reason, nil)
      return false
    }
    guard complete(out) else { return false }
    if let (from, to) = plan.copiedTime, from.isValid(out) {
      out.storeLE(UnsafeRawPointer(out).loadLE(from.offset, as: Int64.self), to.offset)
      to.markValid(out)
    }
    return true
  }

  /// `finish`, of what takes more than one field.
  private func complete(_ out: UnsafeMutableRawPointer) -> Bool {
    if let source = plan.symbolSource { nameByInstrument(source, out) }
    if plan.suffixColumn != nil { addSuffix(out) }
    let (date, clock) = (rowDate, rowClock)
    rowDate = nil
    rowClock = nil
    defer { forgetRemainders() }
    if let dated = plan.datedTime, !joinDate(date, clock, dated, out) { return false }
    if !addRemainders(out) { return false }
    if plan.datedTime == nil, let date, let timestamp = timestamp(out) {
      guard checkDate(date, timestamp) else { return false }
      if date != partitionDate(timestamp), !keepDateInExtra() { return false }
    }
    storeExtra(out)
    return true
  }

  private func storeExtra(_ out: UnsafeMutableRawPointer) {
    if !extra.isEmpty, let operation = plan.extraOperation {
      extra.append(0x7D)
      var operation = operation
      out.storeLE(extra.withUnsafeBytes { strings.code($0) }, operation.offset)
      CSVFieldReader.mark(&operation, out)
    }
    extra.removeAll(keepingCapacity: true)
  }

  private func partitionDate(_ timestamp: Int64) -> Int64 {
    plan.partitionZone.map { Int64($0.localDay(nanoseconds: timestamp)) }
      ?? CSVFieldReader.floorDay(timestamp)
  }

  /// A date that the partition does not say, like that of trading, must not be lost.
  private func keepDateInExtra() -> Bool {
    guard let column = plan.dateCheckColumn, plan.extraOperation != nil else { return true }
    let key = ExtraObject.dateKey(plan.assignment.keys[column], beside: extra)
    return rowDateText.withUnsafeBytes { appendExtra(column, CSVPlan.jsonKey(key), $0) }
  }

  /// Fills the symbol of a file that has none from the instrument's number.
  private func nameByInstrument(_ source: CSVPlan.SymbolSource, _ out: UnsafeMutableRawPointer) {
    guard source.instrument.isValid(out) else { return }
    let id = UnsafeRawPointer(out).loadLE(source.instrument.offset, as: Int64.self)
    let code: UInt32
    if let known = instrumentCodes[id] {
      code = known
    } else {
      code = strings.code("INSTRUMENT_\(id)")
      instrumentCodes[id] = code
    }
    var operation = source.operation
    out.storeLE(code, operation.offset)
    CSVFieldReader.mark(&operation, out)
  }

  private func joinDate(
    _ date: Int64?, _ clock: Int64?, _ dated: CSVPlan.DatedTime, _ out: UnsafeMutableRawPointer
  ) -> Bool {
    guard let date, let clock else {
      return refuse(dated.column, .nullRequired, "date or time of day is missing")
    }
    let text =
      CivilDate(daysSinceEpoch: Int(date)).iso + " "
      + TimeText.clock(nanoseconds: clock, digits: 9)
    let (start, overflow) = date.multipliedReportingOverflow(by: CivilDate.nanosecondsPerDay)
    let (reading, carry) = start.addingReportingOverflow(clock)
    var shown = text
    let converted: Converted =
      shown.withUTF8 { utf8 in
        let bytes = UnsafeRawBufferPointer(utf8)
        if overflow || carry { return .rejected(.timeOutOfRange, "\(text) is out of range") }
        let before = times[dated.time].ambiguousCount
        let local = times[dated.time].local(reading, bytes)
        pendingAmbiguous += times[dated.time].ambiguousCount - before
        return CSVFieldReader.checked(local, step: dated.step, bytes)
      }
    switch converted {
    case .integer(let value):
      var operation = dated.operation
      CSVFieldReader.put(value, .timestamp, &operation, out)
      return true
    case .rejected(let rule, let reason): return refuse(dated.column, rule, reason)
    default: return true
    }
  }

  /// A date beside a full time must be the time's date, in UTC or in the zone that was given; with no
  /// zone known it may be a day off.
  private func checkDate(_ date: Int64, _ timestamp: Int64) -> Bool {
    let day = Int64(CSVFieldReader.floorDay(timestamp))
    let difference = abs(date - day)
    if difference == 0 { return true }
    if let zone = plan.dateZone {
      if Int64(zone.localDay(nanoseconds: timestamp)) == date { return true }
    } else if difference == 1 {
      return true
    }
    let time = TimeText.iso(nanoseconds: timestamp, digits: 0)
    return refuse(
      plan.dateCheckColumn ?? 0, .dateDisagrees,
      "\(CivilDate(daysSinceEpoch: Int(date)).iso) is not the date of \(time)")
  }

  static func floorDay(_ nanoseconds: Int64) -> Int64 {
    let day = nanoseconds / CivilDate.nanosecondsPerDay
    return nanoseconds % CivilDate.nanosecondsPerDay < 0 ? day - 1 : day
  }

  /// The row is done with: what was counted for it counts. Returns the newlines inside its fields.
  @inline(__always)
  func commitRow() -> Int {
    sentinelCount &+= pendingSentinels
    ambiguousCount &+= pendingAmbiguous
    pendingSentinels = 0
    pendingAmbiguous = 0
    defer { newlineCount = 0 }
    return newlineCount
  }

  /// The row is not done with: it will be read again, or is rejected.
  func dropRow() {
    pendingSentinels = 0
    pendingAmbiguous = 0
    newlineCount = 0
    extra.removeAll(keepingCapacity: true)
    rowDate = nil
    rowClock = nil
    forgetRemainders()
  }

  private func forgetRemainders() {
    for index in rowRemainders.indices { rowRemainders[index] = nil }
  }

  func symbol(_ row: UnsafeMutableRawPointer) -> String? {
    guard let field = plan.symbolField, field.isValid(row) else { return nil }
    return strings[UnsafeRawPointer(row).loadLE(field.offset, as: UInt32.self)]
  }

  func timestamp(_ row: UnsafeMutableRawPointer) -> Int64? {
    let field = plan.indexField
    guard field.isValid(row) else { return nil }
    return UnsafeRawPointer(row).loadLE(field.offset, as: Int64.self)
  }
}
