import Bytes
import Columnar

// Numbers that are not written as programs write them, and values that are none.

extension CSVFieldReader {
  /// Whether a text is one of those that the user, or the column, has for no value.
  func isNullText(_ text: UnsafeRawBufferPointer) -> Bool {
    let content = TextConversion.trimmed(text)
    guard !content.isEmpty, content.count <= 16 else { return false }
    return plan.nullTexts.contains(String(decoding: content, as: UTF8.self))
  }

  /// Converts a number as it stands there, and in the file's style where that is another.
  func number(
    _ text: UnsafeRawBufferPointer, _ convert: (UnsafeRawBufferPointer) -> Converted
  ) -> Converted {
    if plan.numbers.decimal == 0x2E {
      let converted = convert(text)
      guard case .rejected(.notANumber, _) = converted else { return converted }
      guard let plain = plan.numbers.plain(text) else { return converted }
      return plain.withUnsafeBytes { convert($0) }
    }
    let content = TextConversion.trimmed(text)
    if TextConversion.isNull(content) { return .null }
    guard let plain = plan.numbers.plain(content) else {
      return .rejected(.notANumber, "\(TextConversion.quoted(content)) is no number")
    }
    return plain.withUnsafeBytes { convert($0) }
  }

  /// Remembers columns whose values need more room than the table's columns have.
  func note(_ converted: Converted, _ column: Int) {
    guard case .rejected(let rule, _) = converted else { return }
    if rule == .tooManyDecimals || rule == .fractionInInteger { crampedColumns.insert(column) }
    if rule == .doesNotFit { overfullColumns.insert(column) }
  }

  /// Counts a time that contradicts the form of its column.
  func noteSwapped(_ column: Int, _ text: UnsafeRawBufferPointer) {
    guard let rival = rivalForms[column], rival.read(TextConversion.trimmed(text)) != nil else {
      return
    }
    swappedCount = swappedCount.adding(clamped: 1)
  }

  /// Refuses a file of which too many times contradict the others: nothing says what those mean that could be either.
  ///
  /// - Parameter rowCount: Rows whose times are in the column's form.
  func requireOneForm(rowCount: Int64) throws(SourceError) {
    let share = Int64(DateForms.strayShare)
    guard let (column, rival) = rivalForms.first, let told = rival.swapped, swappedCount > 0,
      rowCount / share < swappedCount
    else { return }
    throw SourceError(
      .needsForm,
      "column '\(plan.names[column])' contradicts itself: \(swappedCount) times can be \(rival.text) alone, others \(told.text) alone, and which of them the rest are is not known",
      remedy:
        "say which it is, so that all others are bad rows: --date-format '\(told.text)' --max-bad 1"
    )
  }

  /// The table's names of those columns.
  var crampedTargets: Set<String> { Set(crampedColumns.compactMap { plan.target(of: $0) }) }
  var overfullTargets: Set<String> { Set(overfullColumns.compactMap { plan.target(of: $0) }) }

  func keepSuffix(_ text: UnsafeRawBufferPointer) {
    rowSuffix.removeAll(keepingCapacity: true)
    rowSuffix.append(contentsOf: TextConversion.trimmed(text))
  }

  /// Names the instrument by its symbol and what tells it from others of that symbol: `RELIANCE.EQ`.
  func addSuffix(_ out: UnsafeMutableRawPointer) {
    guard let field = plan.symbolField, field.isValid(out), !rowSuffix.isEmpty else { return }
    let code = UnsafeRawPointer(out).loadLE(field.offset, as: UInt32.self)
    let own: UInt32
    if let known = suffixedCodes[code]?[rowSuffix] {
      own = known
    } else {
      own = strings.code(strings[code] + "." + String(decoding: rowSuffix, as: UTF8.self))
      suffixedCodes[code, default: [:]][rowSuffix] = own
    }
    out.storeLE(own, field.offset)
  }

  /// The date of an instant; the instant itself is kept where it is more than a date.
  func day(
    _ column: Int, _ index: Int, _ key: [UInt8], _ text: UnsafeRawBufferPointer
  ) -> Converted {
    let converted = times[index].convert(text)
    guard case .integer(let time) = converted, let nanoseconds = Int64(exactly: time) else {
      return converted
    }
    let day = CSVFieldReader.floorDay(nanoseconds)
    let isDate = nanoseconds % CivilDate.nanosecondsPerDay == 0
    if !isDate, plan.extraOperation != nil, !appendExtra(column, key, text) {
      return .rejected(.badTime, "\(TextConversion.quoted(text)) cannot be kept")
    }
    return .integer(Int128(day))
  }
}
