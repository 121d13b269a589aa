import Bytes
import Columnar
import DeltaLog

/// Reads single fields in every form there is, and says what is wrong with those it cannot.
final class CSVFieldReader {
  enum Action {
    case decimal(precision: Int, scale: Int)
    /// Whole numbers; `sentinel` is the vendor's null.
    case integer(ClosedRange<Int128>, sentinel: Int128?)
    /// The vendor's fixed prices: integers that are unscaled values already.
    case fixedPrice(precision: Int, scale: Int)
    case double, boolean, date, text
    /// `step`: the smallest part of a second that the table keeps, in nanoseconds.
    case time(Int, step: Int64)
    /// The date of an instant; its name as JSON, with the colon.
    case day(Int, key: [UInt8])
    /// An unknown column; its name as JSON, with the colon.
    case extra([UInt8])
    /// Another table's `extra`; its name as JSON, with the colon.
    case extraObject([UInt8])
    /// The nanoseconds of a time: the place in the plan's list.
    case remainder(Int)
    case ignored, blank
    case dateCheck, dateOfTime, clock
    case recordType(Set<UInt8>)
  }

  /// What a row must be given up for.
  var rejection: (RejectionRule, String, String?)?
  /// Counted while a row is read; they count once the row is done with.
  var pendingSentinels: Int64 = 0
  var newlineCount = 0
  var sentinelCount: Int64 = 0
  /// Whether rows need `finish`.
  let finishesRows: Bool

  private let actions: [Action]
  private let names: [String]
  let plan: CSVPlan
  var times: [TimeConversion]
  var letters: LetterColumns
  private let delimiter: UInt8
  let strings: StringTable
  var extra: [UInt8] = []
  var rowDate: Int64?
  /// The same as it stands in the file, where it may have to be kept.
  var rowDateText: [UInt8] = []
  var rowClock: Int64?
  /// By place in the plan's list.
  var rowRemainders: [Int64?]
  var instrumentCodes: [Int64: UInt32] = [:]

  init(plan: CSVPlan, delimiter: UInt8, strings: StringTable) {
    self.plan = plan
    actions = plan.actions
    names = plan.names
    times = plan.times
    letters = plan.letters
    rivalForms = plan.rivalForms
    self.delimiter = delimiter
    self.strings = strings
    finishesRows = plan.finishesRows
    rowRemainders = [Int64?](repeating: nil, count: plan.remainders.count)
  }

  /// What belongs to the row's symbol, and what symbols with it are called.
  var rowSuffix: [UInt8] = []
  var suffixedCodes: [UInt32: [[UInt8]: UInt32]] = [:]
  /// Columns of the file with values that have more decimals than the table's columns, and with larger ones.
  var crampedColumns: Set<Int> = []
  var overfullColumns: Set<Int> = []
  /// Times that are none in their column's form, and one where day and month are the other way round.
  var swappedCount: Int64 = 0
  /// These forms, by column of the file.
  let rivalForms: [Int: TimePattern]
  var pendingAmbiguous: Int64 = 0
  var ambiguousCount: Int64 = 0

  /// Reads the field that begins at `position`.
  ///
  /// - Returns: Position of its terminator; −1 when the row is rejected (`rejection` says why) or the
  ///   field does not end.
  @inline(never)
  func read(
    _ column: Int, _ operation: UnsafeMutablePointer<CSVOperation>, _ base: UnsafeRawPointer,
    _ position: Int, _ end: Int, _ out: UnsafeMutableRawPointer
  ) -> Int {
    // A kernel may have stored the beginning of what turns out to be no such value.
    let bits = UnsafeRawPointer(out).loadLE(operation.pointee.nullOffset, as: UInt8.self)
    out.storeLE(bits & ~operation.pointee.nullMask, operation.pointee.nullOffset)
    let field: CSVFieldRange
    switch CSVRecord.field(base, position, end, delimiter: delimiter) {
    case .needsMore: return -1
    case .badQuote:
      rejection = (
        .badQuote, "a quoted value in '\(names[column])' is followed by other text", names[column]
      )
      return -1
    case .found(let found): field = found
    }
    newlineCount += field.newlineCount
    if case .ignored = actions[column] { return field.terminator }
    let isStored: Bool
    if field.hasEscapes {
      isStored = CSVRecord.content(base, field).withUnsafeBytes {
        store(column, operation, $0, isQuoted: true, out)
      }
    } else {
      let content = UnsafeRawBufferPointer(
        start: base + field.start, count: field.end - field.start)
      isStored = store(column, operation, content, isQuoted: field.isQuoted, out)
    }
    return isStored ? field.terminator : -1
  }

  private func store(
    _ column: Int, _ operation: UnsafeMutablePointer<CSVOperation>, _ text: UnsafeRawBufferPointer,
    isQuoted: Bool, _ out: UnsafeMutableRawPointer
  ) -> Bool {
    if !plan.nullTexts.isEmpty, isNullText(text) {
      return store(
        column, operation, UnsafeRawBufferPointer(start: nil, count: 0), isQuoted: false, out)
    }
    if column == plan.suffixColumn { keepSuffix(text) }
    let converted: Converted
    switch actions[column] {
    case .decimal(let precision, let scale):
      converted = number(text) {
        TextConversion.decimal($0, precision: precision, scale: scale)
      }
      note(converted, column)
    case .integer(let range, let sentinel):
      converted = number(text) { integer($0, range, sentinel) }
      note(converted, column)
    case .fixedPrice(let precision, let scale):
      converted = fixedPrice(text, precision, scale)
    case .double: converted = number(text) { TextConversion.double($0) }
    case .boolean: converted = TextConversion.boolean(text)
    case .date: converted = TextConversion.date(text)
    case .day(let index, let key): converted = day(column, index, key, text)
    case .time(let index, let step):
      converted = time(index, step, text, operation)
      if case .rejected(.badTime, _) = converted { noteSwapped(column, text) }
    case .text: return storeText(column, operation, text, isQuoted, out)
    case .extra(let name): return appendExtra(column, name, text)
    case .extraObject(let name): return appendObject(column, name, text)
    case .remainder(let ordinal): return keepRemainder(column, ordinal, text)
    case .ignored: return true
    case .blank:
      return TextConversion.isNull(TextConversion.trimmed(text))
        || refuse(column, .unsupportedValue, ColumnAssignment.notBlank)
    case .dateCheck:
      rowDateText.removeAll(keepingCapacity: true)
      rowDateText.append(contentsOf: text)
      return keepDate(column, text)
    case .dateOfTime: return keepDate(column, text)
    case .clock: return keepClock(column, text)
    case .recordType(let expected): return checkRecordType(column, text, expected)
    }
    switch converted {
    case .null: return storeNull(column, operation)
    case .integer(let value):
      CSVFieldReader.put(value, plan.forms[column], operation, out)
      return true
    case .double(let value):
      out.storeLE(value.bitPattern, operation.pointee.offset)
      CSVFieldReader.mark(operation, out)
      return true
    case .rejected(let rule, let reason): return refuse(column, rule, reason)
    }
  }

  func refuse(_ column: Int, _ rule: RejectionRule, _ reason: String) -> Bool {
    rejection = (rule, "'\(names[column])': \(reason)", names[column])
    return false
  }

  private func storeNull(
    _ column: Int, _ operation: UnsafeMutablePointer<CSVOperation>
  ) -> Bool {
    if !operation.pointee.isRequired { return true }
    return refuse(column, .nullRequired, "there is no value, and every row needs one")
  }

  static func put(
    _ value: Int128, _ form: RowFieldForm, _ operation: UnsafeMutablePointer<CSVOperation>,
    _ out: UnsafeMutableRawPointer
  ) {
    let offset = operation.pointee.offset
    switch form.byteCount {
    case 1: out.storeLE(Int8(truncatingIfNeeded: value), offset)
    case 2: out.storeLE(Int16(truncatingIfNeeded: value), offset)
    case 4: out.storeLE(Int32(truncatingIfNeeded: value), offset)
    case 8: out.storeLE(Int64(truncatingIfNeeded: value), offset)
    default: out.storeLE(value, offset)
    }
    mark(operation, out)
  }

  static func mark(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ out: UnsafeMutableRawPointer
  ) {
    let at = operation.pointee.nullOffset
    let bits = UnsafeRawPointer(out).loadLE(at, as: UInt8.self) | operation.pointee.nullMask
    out.storeLE(bits, at)
  }

  private func integer(
    _ text: UnsafeRawBufferPointer, _ range: ClosedRange<Int128>, _ sentinel: Int128?
  ) -> Converted {
    if let sentinel, DecimalText.parse(TextConversion.trimmed(text), scale: 0) == sentinel {
      pendingSentinels += 1
      return .null
    }
    return TextConversion.integer(text, in: range)
  }

  private func fixedPrice(
    _ text: UnsafeRawBufferPointer, _ precision: Int, _ scale: Int
  ) -> Converted {
    let text = TextConversion.trimmed(text)
    if TextConversion.isNull(text) { return .null }
    guard let value = DecimalText.parse(text, scale: 0) else {
      return .rejected(
        TextConversion.isNumber(text) ? .fractionInInteger : .notANumber,
        "\(TextConversion.quoted(text)) is no fixed price (an integer of 1e-9 each)")
    }
    if value == Int128(Int64.max) {
      pendingSentinels += 1
      return .null
    }
    if value.magnitude < UInt128(DecimalText.powersOfTen[precision]) { return .integer(value) }
    return .rejected(
      .doesNotFit,
      "\(TextConversion.quoted(text)) × 1e-9 does not fit decimal(\(precision),\(scale))")
  }

  private func time(
    _ index: Int, _ step: Int64, _ text: UnsafeRawBufferPointer,
    _ operation: UnsafeMutablePointer<CSVOperation>
  ) -> Converted {
    let before = times[index].ambiguousCount + times[index].sentinelCount
    let converted = times[index].convert(text)
    if times[index].ambiguousCount + times[index].sentinelCount > before {
      if case .null = converted { pendingSentinels += 1 } else { pendingAmbiguous += 1 }
    }
    if let clock = times[index].clock {
      operation.pointee.zoneLow = clock.low
      operation.pointee.zoneHigh = clock.high
      operation.pointee.zoneOffset = clock.offset
    }
    return CSVFieldReader.checked(converted, step: step, text)
  }

  /// A time that the table can hold as it is.
  static func checked(_ converted: Converted, step: Int64, _ text: UnsafeRawBufferPointer)
    -> Converted
  {
    guard case .integer(let value) = converted else { return converted }
    guard let time = Int64(exactly: value), RowTime.range.contains(time) else {
      return TimeConversion.outOfRange(text)
    }
    if step > 1, value % Int128(step) != 0 {
      return .rejected(
        .timeTooFine, "\(TextConversion.quoted(text)) is finer than the table's microseconds")
    }
    return converted
  }

  private func storeText(
    _ column: Int, _ operation: UnsafeMutablePointer<CSVOperation>, _ text: UnsafeRawBufferPointer,
    _ isQuoted: Bool, _ out: UnsafeMutableRawPointer
  ) -> Bool {
    let content = isQuoted ? text : TextConversion.trimmed(text)
    if content.isEmpty { return storeNull(column, operation) }
    if content.contains(0) { return refuse(column, .nulByte, "there is a NUL byte in the text") }
    guard !content.contains(where: { $0 >= 0x80 }) || Original.validText(content) != nil else {
      return refuse(column, .invalidUTF8, "the text is no valid UTF-8")
    }
    out.storeLE(strings.code(content), operation.pointee.offset)
    CSVFieldReader.mark(operation, out)
    return true
  }
}
