/// Forms that times could be in, and which of them the values bear out.
///
/// `03/04/2020` begins with a day or with a month; every `25/04/2020` tells. A value that is in none of the forms tells
/// nothing. One that contradicts a thousand others is stray: it is a mistake in its row, and says nothing of the column.
struct DateForms {
  /// Values that tell the form, for each one that tells otherwise.
  static let strayShare = 1000

  let forms: [TimePattern]
  /// Values that only other forms read, by form.
  private var contradictions: [Int]
  /// The first value that only other forms read, by form.
  private(set) var examples: [String?]
  /// Values that some forms read and others don't.
  private(set) var tellingCount = 0
  /// Values that no form reads.
  private(set) var unreadCount = 0

  init(_ forms: [TimePattern]) {
    self.forms = forms
    contradictions = [Int](repeating: 0, count: forms.count)
    examples = [String?](repeating: nil, count: forms.count)
  }

  mutating func add(_ text: UnsafeRawBufferPointer) {
    let fits = forms.map { $0.read(text) != nil }
    let count = fits.count { $0 }
    if count == 0 { unreadCount += 1 }
    if count == 0 || count == forms.count { return }
    tellingCount += 1
    for (index, fit) in fits.enumerated() where !fit {
      contradictions[index] += 1
      if examples[index] == nil { examples[index] = String(decoding: text, as: UTF8.self) }
    }
  }

  /// The forms that nothing but stray values contradicts; none where values contradict each other.
  var standing: [TimePattern] {
    forms.indices.filter { index in
      let against = contradictions[index]
      // checked: counts of rows
      return against == 0 || against * (Self.strayShare + 1) <= tellingCount
    }.map { forms[$0] }
  }
}

/// Decides by all values of a column which of several forms its times have, where the first values do not tell.
///
/// Lines that are no rows tell nothing: cut ones, footers.
struct DateFormScan {
  /// Position of the column.
  let column: Int
  /// Fields of a row.
  let width: Int
  /// The forms that could be; those that the values bear out once all are read, and again all of them where values
  /// contradict each other.
  var forms: [TimePattern]
  /// By form: the first value that contradicts it.
  private(set) var examples: [String?] = []

  init(column: Int, width: Int, forms: [TimePattern]) {
    self.column = column
    self.width = width
    self.forms = forms
  }

  /// Reads all records.
  ///
  /// - Complexity: One pass over the text.
  mutating func read(_ records: RecordStream) throws {
    var count = DateForms(forms)
    while let record = try records.next() {
      // A row has values beside its time.
      let filled = record.fields.count { !$0.isEmpty }
      guard record.fields.count == width, filled * 2 > width else { continue }
      record.fields[column].withUnsafeBytes { count.add(TextConversion.trimmed($0)) }
    }
    examples = count.examples
    let standing = count.standing
    if !standing.isEmpty { forms = standing }
  }
}

extension FileInspection {
  /// Which forms the times could have, and in which column, where the beginning of the text leaves it open, or few of its
  /// values tell.
  var openDateForms: DateFormScan? {
    guard let timeColumn, case .patterns(let forms)? = columns[timeColumn].times,
      !forms.isEmpty, let rivals = columns[timeColumn].rivals
    else { return nil }
    return DateFormScan(column: timeColumn, width: reading.names.count, forms: rivals)
  }

  /// A scan for values that contradict a form that was given, where day and month could be the other way round.
  func contradictions(of given: TimePattern) -> DateFormScan? {
    guard let timeColumn, let swapped = given.swapped else { return nil }
    return DateFormScan(
      column: timeColumn, width: reading.names.count, forms: [given, swapped])
  }
}
