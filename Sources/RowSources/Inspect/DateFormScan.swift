/// Decides by all values of a column which of several forms its times have, where the first values fit each of them.
///
/// `03/04/2020` begins with a day or with a month; every `25/04/2020` of the column tells, if none tells otherwise. Values
/// that are in none of the forms tell nothing, and neither do lines that are no rows: cut ones, footers.
struct DateFormScan {
  /// Position of the column.
  let column: Int
  /// Fields of a row.
  let width: Int
  /// The forms that every value is in; all of them where values contradict each other.
  var forms: [TimePattern]

  /// Reads all records.
  ///
  /// - Complexity: One pass over the text.
  mutating func read(_ records: RecordStream) throws {
    let all = forms
    while let record = try records.next() {
      // A row has values beside its time.
      let filled = record.fields.count { !$0.isEmpty }
      guard record.fields.count == width, filled * 2 > width else { continue }
      let fitting = record.fields[column].withUnsafeBytes { bytes in
        let text = TextConversion.trimmed(bytes)
        return all.filter { $0.read(text) != nil }
      }
      if fitting.isEmpty || fitting.count == all.count { continue }
      forms.removeAll { !fitting.contains($0) }
      if forms.isEmpty {
        forms = all
        return
      }
    }
  }
}

extension FileInspection {
  /// Which forms the times could have, and in which column, where the beginning of the text leaves it open.
  var openDateForms: DateFormScan? {
    guard let timeColumn, case .patterns(let forms)? = columns[timeColumn].times, forms.count > 1
    else { return nil }
    return DateFormScan(column: timeColumn, width: reading.names.count, forms: forms)
  }
}
