// The forms that a time may be in, told from its shape.

extension TimePattern {
  /// The forms that could read a text. More than one where its day, month and year could be swapped.
  static func candidates(_ text: [UInt8]) -> [TimePattern] {
    var shape = TimeShape(text)
    guard let bodies = shape.dateForms() else { return [] }
    let tails = shape.clockForms()
    return bodies.flatMap { body in
      tails.compactMap { TimePattern(parsing: body + $0) }
    }.filter { pattern in text.withUnsafeBytes { pattern.read($0) } != nil }
  }

  /// The forms that read all of some texts; at most one where the texts tell.
  static func fitting(_ texts: some Sequence<[UInt8]>) -> [TimePattern] {
    var forms: [TimePattern]?
    for text in texts {
      if forms == nil { forms = candidates(text) }
      guard let some = forms, !some.isEmpty else { return [] }
      forms = some.filter { form in text.withUnsafeBytes { form.read($0) } != nil }
    }
    return forms ?? []
  }

  /// The forms that read nearly all of some texts, where none reads all of them: at most a tenth may be no time in any form,
  /// and what others alone read is stray, as `DateForms` has it.
  static func nearlyFitting(_ texts: [[UInt8]]) -> [TimePattern] {
    var forms: [TimePattern] = []
    for text in texts where forms.count < formCountMax {
      let isRead = text.withUnsafeBytes { bytes in forms.contains { $0.read(bytes) != nil } }
      if !isRead { forms += candidates(text) }
    }
    var count = DateForms(forms)
    for text in texts { text.withUnsafeBytes { count.add($0) } }
    // checked: counts of rows
    guard count.unreadCount * 10 <= texts.count else { return [] }
    // Where only the order of day, month and year differs, the whole column decides.
    let skeletons = Set(forms.map(\.withoutOrder))
    return count.standing.isEmpty && skeletons.count == 1 ? forms : count.standing
  }

  /// The form with one letter for year, month and day.
  private var withoutOrder: String {
    String(text.map { "Yymd".contains($0) ? "d" : $0 })
  }

  /// Forms that are weighed against each other.
  private static let formCountMax = 8
}

/// The runs of digits, letters and others that a time consists of.
private struct TimeShape {
  enum Run {
    case digits(Int)
    case letters(String)
    case other(UInt8)
  }

  var runs: [Run] = []
  private var at = 0

  init(_ text: [UInt8]) {
    var index = 0
    while index < text.count {
      let start = index
      if Self.isDigit(text[index]) {
        while index < text.count, Self.isDigit(text[index]) { index += 1 }
        runs.append(.digits(index - start))
      } else if Self.isLetter(text[index]) {
        while index < text.count, Self.isLetter(text[index]) { index += 1 }
        runs.append(.letters(String(decoding: text[start..<index], as: UTF8.self).lowercased()))
      } else {
        runs.append(.other(text[index]))
        index += 1
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  private static func isLetter(_ byte: UInt8) -> Bool {
    byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
  }

  private var run: Run? { at < runs.count ? runs[at] : nil }

  private mutating func others() -> String {
    var text: [UInt8] = []
    while case .other(let byte)? = run {
      text += byte == 0x25 ? [byte, byte] : [byte]
      at += 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func isMonth(_ word: String) -> Bool {
    word.count >= 3 && TimePattern.months.contains { word.hasPrefix($0) }
  }

  private static func isWeekday(_ word: String) -> Bool {
    word.count >= 3 && TimePattern.weekdays.contains { word.hasPrefix($0) }
  }

  /// The forms of the date at the beginning; empty where a time of day alone stands there, nil for no time.
  mutating func dateForms() -> [String]? {
    var lead = ""
    if case .letters(let word)? = run, Self.isWeekday(word), !Self.isMonth(word) {
      at += 1
      lead = "%a" + others()
    }
    if lead.isEmpty, isClockFirst { return [""] }
    if case .digits(let count)? = run {
      if count == 8 || count == 12 || count == 14 || count == 17 {
        at += 1
        let clock = [8: "", 12: "%H%M", 14: "%H%M%S", 17: "%H%M%S%f"][count] ?? ""
        return [lead + "%Y%m%d" + clock]
      }
      if count == 6 {
        at += 1
        return ["%y%m%d", "%d%m%y", "%m%d%y"].map { lead + $0 }
      }
    }
    return groups(lead)
  }

  private var isClockFirst: Bool {
    guard case .digits? = run, runs.count > at + 1, case .other(0x3A) = runs[at + 1] else {
      return false
    }
    return true
  }

  /// Three groups of a date, with whatever separates them.
  private mutating func groups(_ lead: String) -> [String]? {
    var fields: [Run] = []
    var marks: [String] = []
    for index in 0..<3 {
      guard let field = run else { return nil }
      if case .other = field { return nil }
      fields.append(field)
      at += 1
      if index < 2 {
        let mark = others()
        if mark.isEmpty, !isNameBoundary(field) { return nil }
        marks.append(mark)
      }
    }
    return orders(fields).map { lead + $0[0] + marks[0] + $0[1] + marks[1] + $0[2] }
  }

  /// `01Aug2017` needs no mark between its groups.
  private func isNameBoundary(_ field: Run) -> Bool {
    if case .letters = field { return true }
    if case .letters? = run { return true }
    return false
  }

  private func orders(_ fields: [Run]) -> [[String]] {
    let counts = fields.map { if case .digits(let count) = $0 { count } else { 0 } }
    let names = fields.map { if case .letters(let word) = $0 { Self.isMonth(word) } else { false } }
    func year(_ index: Int) -> String { counts[index] == 4 ? "%Y" : "%y" }
    if names[1], !names[0], !names[2] {
      return counts[0] == 4 ? [["%Y", "%b", "%d"]] : [["%d", "%b", year(2)]]
    }
    if names[0], !names[1], !names[2] { return [["%b", "%d", year(2)]] }
    guard counts.allSatisfy({ $0 == 4 || $0 == 1 || $0 == 2 }),
      counts.count(where: { $0 == 4 }) <= 1
    else { return [] }
    if counts[0] == 4 { return [["%Y", "%m", "%d"]] }
    if counts[2] == 4 { return [["%d", "%m", "%Y"], ["%m", "%d", "%Y"]] }
    guard counts[2] == 2 || counts[0] == 2, counts[1] != 4 else { return [] }
    return [["%d", "%m", "%y"], ["%m", "%d", "%y"], ["%y", "%m", "%d"]]
  }

  /// The forms of what follows the date.
  mutating func clockForms() -> [String] {
    var text = ""
    if run == nil { return [""] }
    if at > 0 {
      if case .letters("t")? = run {
        at += 1
        text = "T"
      } else {
        text = others()
      }
    }
    if run == nil { return [text] }
    let start = at
    guard let clock = clock() else {
      at = start
      return zone().map { [text + $0] } ?? []
    }
    let forms = clock
    guard let tail = zone() else { return [] }
    return [text + forms + tail]
  }

  private mutating func clock() -> String? {
    guard case .digits(let count)? = run else { return nil }
    if count > 2 {
      guard let form = [4: "%H%M", 6: "%H%M%S", 9: "%H%M%S%f", 12: "%H%M%S%f"][count] else {
        return nil
      }
      at += 1
      return form
    }
    at += 1
    var form = "%H"
    for field in ["%M", "%S"] {
      guard case .other(0x3A)? = run, at + 1 < runs.count, case .digits(2) = runs[at + 1] else {
        break
      }
      form += ":" + field
      at += 2
    }
    if form.hasSuffix("%S"), case .other(let mark)? = run,
      mark == 0x2E || mark == 0x2C || mark == 0x3A,
      at + 1 < runs.count, case .digits = runs[at + 1]
    {
      form += String(UnicodeScalar(mark)) + "%f"
      at += 2
    }
    return form.isEmpty ? nil : halved(form)
  }

  /// A time of day with AM or PM behind it.
  private mutating func halved(_ form: String) -> String {
    let start = at
    let mark = others()
    if case .letters(let word)? = run, word == "am" || word == "pm" {
      at += 1
      return form.replacing("%H", with: "%I") + mark + "%p"
    }
    at = start
    return form
  }

  /// What stands at the end: nothing, an offset, an abbreviation.
  private mutating func zone() -> String? {
    if run == nil { return "" }
    var text = ""
    while case .other(0x20)? = run {
      text = " "
      at += 1
    }
    if case .other(let sign)? = run, sign == 0x2B || sign == 0x2D {
      return text + "%z"
    }
    guard case .letters(let word)? = run, at + 1 == runs.count, TimePattern.zones[word] != nil
    else {
      return nil
    }
    return text + "%Z"
  }
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard hasPrefix(old) else { return self }
    return new + dropFirst(old.count)
  }
}
