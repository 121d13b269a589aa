/// Decides by all values of a column which of several forms its times have, where the first values fit each of them.
///
/// `03/04/2020` begins with a day or with a month; the first `25/04/2020` of the column tells. Values that are in none of
/// the forms tell nothing: they are quarantined when they are read.
struct DateFormScan {
  /// Position of the column.
  let column: Int
  /// The forms that every value so far is in.
  var forms: [TimePattern]

  /// Reads records until one form is left, or to the end.
  ///
  /// - Complexity: One pass over the text where nothing decides, else up to the first value that does.
  mutating func read(_ records: RecordStream) throws {
    while forms.count > 1, let record = try records.next() {
      guard column < record.fields.count else { continue }
      let fitting = record.fields[column].withUnsafeBytes { bytes in
        let text = TextConversion.trimmed(bytes)
        return forms.filter { $0.read(text) != nil }
      }
      if !fitting.isEmpty { forms = fitting }
    }
  }
}

extension FileInspection {
  /// Which forms the times could have, and in which column, where the beginning of the text leaves it open.
  var openDateForms: DateFormScan? {
    guard let timeColumn, case .patterns(let forms)? = columns[timeColumn].times, forms.count > 1
    else { return nil }
    return DateFormScan(column: timeColumn, forms: forms)
  }
}
