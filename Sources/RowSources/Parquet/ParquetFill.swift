import Bytes
import Columnar

/// Rows of one block that cannot be stored, with the first reason found.
struct ParquetFaults {
  private(set) var faults: [Int: (rule: String, reason: String)] = [:]

  var isEmpty: Bool { faults.isEmpty }
  subscript(row: Int) -> (rule: String, reason: String)? { faults[row] }

  mutating func add(_ row: Int, _ rule: RejectionRule, _ reason: String) {
    if faults[row] == nil { faults[row] = (rule.rawValue, reason) }
  }

  mutating func add(_ row: Int, rule: String, reason: String) {
    if faults[row] == nil { faults[row] = (rule, reason) }
  }

  var rows: [Int] { faults.keys.sorted() }
}

/// Fills one field of a block of packed rows from a Parquet column.
struct ParquetFill {
  enum Target {
    case decimal(precision: Int, scale: Int)
    case integer(ClosedRange<Int128>)
    case time(step: Int64)
    case text, double, boolean, date
  }

  /// The file's name of the column.
  let name: String
  let target: Target
  let field: RowField
  /// Integers of the file are unscaled prices already (Databento's fixed form).
  let isFixed: Bool
  /// The vendor's null among the file's integers.
  let sentinel: Int128?
  var times: TimeConversion
  private(set) var sentinelCount: Int64 = 0

  init(
    name: String, target: Target, field: RowField, isFixed: Bool, sentinel: Int128?,
    times: TimeConversion
  ) {
    self.name = name
    self.target = target
    self.field = field
    self.isFixed = isFixed
    self.sentinel = sentinel
    self.times = times
  }

  /// Fills the field in `count` rows; null rows stay null.
  mutating func fill(
    _ column: Column, _ count: Int, _ rows: UnsafeMutableRawPointer, _ stride: Int,
    _ strings: StringTable, _ faults: inout ParquetFaults
  ) {
    if case .text = target { return fillText(column, count, rows, stride, strings, &faults) }
    switch column.storage {
    case .integers(let values):
      for row in 0..<count where !column.isNull(row) {
        put(integer(values[row], column.type), row, rows + row * stride, &faults)
      }
    case .wide(let values):
      for row in 0..<count where !column.isNull(row) {
        put(decimal(values[row], column.type), row, rows + row * stride, &faults)
      }
    case .doubles(let values):
      let isDouble = column.type == .double
      for row in 0..<count where !column.isNull(row) && !values[row].isNaN {
        put(double(values[row], isDouble: isDouble), row, rows + row * stride, &faults)
      }
    case .bytes, .codes:
      for row in 0..<count {
        guard let (text, _) = ParquetCell.words(column, row) else { continue }
        put(parse(text), row, rows + row * stride, &faults)
      }
    }
  }

  private mutating func put(
    _ converted: Converted, _ row: Int, _ out: UnsafeMutableRawPointer,
    _ faults: inout ParquetFaults
  ) {
    switch converted {
    case .null: return
    case .integer(let value): store(value, out)
    case .double(let value):
      out.storeLE(value.bitPattern, field.offset)
      field.markValid(out)
    case .rejected(let rule, let reason): faults.add(row, rule, "'\(name)': \(reason)")
    }
  }

  private func store(_ value: Int128, _ out: UnsafeMutableRawPointer) {
    switch field.form.byteCount {
    case 1: out.storeLE(Int8(truncatingIfNeeded: value), field.offset)
    case 2: out.storeLE(Int16(truncatingIfNeeded: value), field.offset)
    case 4: out.storeLE(Int32(truncatingIfNeeded: value), field.offset)
    case 8: out.storeLE(Int64(truncatingIfNeeded: value), field.offset)
    default: out.storeLE(value, field.offset)
    }
    field.markValid(out)
  }

  // MARK: - From integers and decimals

  private mutating func integer(_ value: Int64, _ type: ColumnType) -> Converted {
    switch type {
    case .timestamp(let unit, let isUTC): return timestamp(value, unit, isUTC)
    case .date:
      if case .date = target { return .integer(Int128(value)) }
      return timestamp(value, seconds: 86_400)
    case .decimal: return decimal(Int128(value), type)
    case .boolean:
      if case .boolean = target { return .integer(Int128(value)) }
      return .rejected(.unsupportedValue, "a truth value is no number")
    case .integer(_, false): return number(Int128(UInt64(bitPattern: value)))
    default: return number(Int128(value))
    }
  }

  private mutating func number(_ value: Int128) -> Converted {
    if let sentinel, value == sentinel {
      sentinelCount += 1
      return .null
    }
    switch target {
    case .decimal where isFixed:
      if value == Int128(Int64.max) {
        sentinelCount += 1
        return .null
      }
      return fit(value, "\(value)")
    case .decimal(_, let scale):
      let (scaled, overflow) = value.multipliedReportingOverflow(
        by: DecimalText.powersOfTen[scale])
      return overflow ? unfit("\(value)") : fit(scaled, "\(value)")
    case .integer: return fit(value, "\(value)")
    case .double: return .double(Double(value))
    default: return parse("\(value)")
    }
  }

  private mutating func decimal(_ value: Int128, _ type: ColumnType) -> Converted {
    guard case .decimal(_, let scale) = type else { return number(value) }
    if case .decimal(_, let ours) = target, ours == scale {
      return fit(value, DecimalText.format(value, scale: scale, trimmed: true))
    }
    return parse(DecimalText.format(value, scale: scale, trimmed: true))
  }

  private func fit(_ value: Int128, _ text: @autoclosure () -> String) -> Converted {
    switch target {
    case .decimal(let precision, _):
      if value.magnitude < UInt128(DecimalText.powersOfTen[precision]) { return .integer(value) }
    case .integer(let range):
      if range.contains(value) { return .integer(value) }
    default: break
    }
    return unfit(text())
  }

  private func unfit(_ text: String) -> Converted {
    switch target {
    case .decimal(let precision, let scale):
      return .rejected(.doesNotFit, "'\(text)' does not fit decimal(\(precision),\(scale))")
    case .integer(let range):
      return .rejected(
        .doesNotFit, "'\(text)' is outside \(range.lowerBound)…\(range.upperBound)")
    default: return .rejected(.doesNotFit, "'\(text)' does not fit")
    }
  }

  // MARK: - From doubles

  private mutating func double(_ value: Double, isDouble: Bool) -> Converted {
    switch target {
    case .double: return value.isFinite ? .double(value) : infinite(value)
    case .decimal(let precision, 9) where isDouble && precision >= 18:
      // Up to 15 digits name one double only: where the quotient gives the double back, these are
      // its shortest digits.
      let scaled = (value * 1e9).rounded()
      if scaled.magnitude < 1e15, scaled / 1e9 == value { return .integer(Int128(scaled)) }
    case .integer(let range) where value.magnitude < 9_007_199_254_740_992:
      let whole = value.rounded()
      if whole == value, range.contains(Int128(whole)) { return .integer(Int128(whole)) }
    default: break
    }
    if !value.isFinite { return infinite(value) }
    let text = isDouble ? ParquetCell.plain(value) : ParquetCell.plain(Float(value))
    let converted = parse(text)
    if case .rejected(.tooManyDecimals, let reason) = converted {
      return .rejected(.notAnExactDecimal, reason + " (the shortest digits of a float)")
    }
    return converted
  }

  private func infinite(_ value: Double) -> Converted {
    .rejected(.notANumber, "'\(value)' is no finite number")
  }

  // MARK: - Times

  private mutating func timestamp(_ value: Int64, _ unit: TimeUnit, _ isUTC: Bool) -> Converted {
    guard case .time(let step) = target else {
      return .rejected(.unsupportedValue, "a timestamp is no value of this column")
    }
    if value == 0 && times.zero == .missing { return .null }
    let (nanoseconds, overflow) = value.multipliedReportingOverflow(
      by: 1_000_000_000 / unit.perSecond)
    if overflow {
      return .rejected(.timeOutOfRange, "'\(value)' is outside the years 1677 to 2262")
    }
    if isUTC { return checked(.integer(Int128(nanoseconds)), step, nanoseconds) }
    return local(nanoseconds, step)
  }

  private mutating func timestamp(_ value: Int64, seconds: Int64) -> Converted {
    guard case .time(let step) = target else {
      return .rejected(.unsupportedValue, "a date is no value of this column")
    }
    let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: seconds * 1_000_000_000)
    if overflow { return .rejected(.timeOutOfRange, "the date is out of range") }
    return local(nanoseconds, step)
  }

  private mutating func local(_ reading: Int64, _ step: Int64) -> Converted {
    var text = String(TimeText.iso(nanoseconds: reading, digits: 9).dropLast())
    return text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      return CSVFieldReader.checked(times.local(reading, bytes), step: step, bytes)
    }
  }

  private func checked(_ converted: Converted, _ step: Int64, _ nanoseconds: Int64) -> Converted {
    if RowTime.range.contains(nanoseconds) && (step == 1 || nanoseconds % step == 0) {
      return converted
    }
    var text = TimeText.iso(nanoseconds: nanoseconds, digits: 9)
    return text.withUTF8 {
      CSVFieldReader.checked(converted, step: step, UnsafeRawBufferPointer($0))
    }
  }

  // MARK: - From text

  private mutating func parse(_ text: String) -> Converted {
    var text = text
    return text.withUTF8 { parse(UnsafeRawBufferPointer($0)) }
  }

  private mutating func parse(_ text: UnsafeRawBufferPointer) -> Converted {
    switch target {
    case .decimal(let precision, let scale):
      return TextConversion.decimal(text, precision: precision, scale: scale)
    case .integer(let range): return TextConversion.integer(text, in: range)
    case .double: return TextConversion.double(text)
    case .boolean: return TextConversion.boolean(text)
    case .date: return TextConversion.date(text)
    case .time(let step):
      return CSVFieldReader.checked(times.convert(text), step: step, text)
    case .text: return .null
    }
  }

  private func fillText(
    _ column: Column, _ count: Int, _ rows: UnsafeMutableRawPointer, _ stride: Int,
    _ strings: StringTable, _ faults: inout ParquetFaults
  ) {
    // One look-up a dictionary entry, not one a row.
    var known: [UInt32?] = []
    if case .codes(_, let texts) = column.storage {
      known = [UInt32?](repeating: nil, count: texts.count)
    }
    for row in 0..<count where !column.isNull(row) {
      let out = rows + row * stride
      if case .codes(let codes, _) = column.storage, let code = known[Int(codes[row])] {
        out.storeLE(code, field.offset)
        field.markValid(out)
        continue
      }
      guard let (text, isText) = ParquetCell.words(column, row), !text.isEmpty else { continue }
      if !isText {
        faults.add(row, .invalidUTF8, "'\(name)': the text is no valid UTF-8")
        continue
      }
      if text.utf8.contains(0) {
        faults.add(row, .nulByte, "'\(name)': there is a NUL byte in the text")
        continue
      }
      let code = strings.code(text)
      if case .codes(let codes, _) = column.storage { known[Int(codes[row])] = code }
      out.storeLE(code, field.offset)
      field.markValid(out)
    }
  }
}
