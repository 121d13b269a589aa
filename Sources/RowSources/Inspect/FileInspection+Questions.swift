import Columnar
import Market
import Platform

// What the file does not say, and the one command line that says all of it.

extension FileInspection {
  /// Collects what nobody has said.
  ///
  /// - Throws: Where what was said contradicts the file.
  mutating func ask(
    _ options: SourceOptions, _ hint: KindHint, path: String
  ) throws(SourceError) {
    if case .unknown(let likely) = encoding {
      questions.append(
        Question(what: "the encoding of its text", words: ["--encoding", likely]))
    }
    try askKind(options, hint)
    let stated = hint.interval.flatMap { Interval.parse($0) }
    if let stated, let words = contradiction(stated) {
      throw SourceError(
        .needsKind, words,
        remedy:
          "leave out --interval: it is read off the times; or check the form of the dates: --date-format"
      )
    }
    askNumbers(options)
    askTimes(options)
    try askDate(options)
    let subject = symbolGuess(options)
    if options.symbol == nil, symbol == nil, !hasSymbols, kind != nil, !options.isWide,
      !isNumbered
    {
      if let blankSymbols {
        // By itself it is told when all rows were read.
        if !questions.isEmpty || !hint.saysTable {
          questions.append(
            Question(
              what: "the symbol, whose column '\(blankSymbols)' has no value",
              words: ["--symbol", subject, "--map", blankSymbols + "=-"]))
        }
      } else {
        questions.append(Question(what: "the symbol", words: symbolWords(subject, hint)))
      }
    }
    if !hint.saysTable {
      questions.append(
        Question(what: "the table", words: ["--as", "raw." + tableGuess(subject, hint)]))
    }
  }

  /// Files that number their instruments need not name them.
  private var isNumbered: Bool {
    reading.names.contains { ColumnAssignment.normalised($0).name == "instrument_id" }
  }

  private mutating func askKind(_ options: SourceOptions, _ hint: KindHint) throws(SourceError) {
    if reading.names.isEmpty {
      let (names, isNaive) = columnGuess
      questions.append(
        Question(what: "what its columns are", words: ["--columns", names.joined(separator: ",")]))
      if isNaive, options.timeZone == nil {
        questions.append(
          Question(what: "the time zone of its times", words: ["--timezone", "UTC"]))
      }
      kind = "series"
      return
    }
    if kind == nil, !options.isWide {
      if isWideTable {
        questions.append(
          Question(what: "whether each column is a symbol", words: ["--wide"]))
      } else if hint.kind == nil && hint.tableKind == nil {
        questions.append(Question(what: "what its rows are", words: ["--schema", "trades"]))
      }
    }
    guard kind == "ohlcv", interval == nil, hint.interval == nil else { return }
    if let stated = hint.kind ?? hint.tableKind, stated != "ohlcv" { return }
    if let name = hint.tableName, SourceKind.interval(name) != nil { return }
    questions.append(
      Question(
        what: "how long its bars are", words: ["--interval", (likelyInterval ?? .day).name]))
  }

  private mutating func askNumbers(_ options: SourceOptions) {
    // Single rows are broken, and are quarantined as such.
    if table.shortRowCount * 50 > table.rows.count, !options.padsRows {
      questions.append(
        Question(
          what:
            "what rows that end early lack (\(table.shortRowCount) of the first \(table.rows.count))",
          words: ["--pad"]))
    }
    guard options.numbers == nil, numberStyle == nil else { return }
    if let openNumber {
      questions.append(
        Question(
          what: "whether the comma of '\(openNumber)' groups digits or begins a fraction",
          words: ["--decimal", table.delimiter == 0x2C ? "." : ","]))
    } else {
      questions.append(
        Question(what: "which of '.' and ',' begins a fraction", words: ["--decimal", "."]))
    }
  }

  private mutating func askTimes(_ options: SourceOptions) {
    guard let timeColumn else { return }
    let traits = columns[timeColumn]
    let example = traits.samples.first.map { TextTable.text($0) } ?? ""
    if options.dateFormat == nil, case .patterns(let patterns)? = traits.times, patterns.count > 1 {
      let forms = patterns.map { "'\($0.text)'" }.joined(separator: " or ")
      questions.append(
        Question(
          what: "which of day and month '\(example)' begins with (\(forms))",
          words: ["--date-format", likeliest(patterns, timeColumn).text]))
    }
    if let odd = unreadClock {
      let example = odd.samples.first.map { TextTable.text($0) } ?? ""
      questions.append(
        Question(
          what: "in which form '\(odd.name)' has times of day like '\(example)', beside dates",
          words: ["--map", odd.name + "=-"]))
    }
    let saysUTC = ColumnAssignment.normalised(traits.name).saysUTC
    guard options.timeZone == nil, zone == nil, !saysZone, !saysUTC, traits.times != nil else {
      return
    }
    questions.append(
      Question(
        what: "the time zone of times like '\(example)'",
        words: ["--timezone", likelyZone ?? "UTC"]))
  }

  /// A column beside the dates that is called one of times, and has none in a form that is known.
  private var unreadClock: ColumnTraits? {
    guard let timeColumn, columns[timeColumn].areDates else { return nil }
    if case .dated = reading.uses[timeColumn] { return nil }
    return columns.indices.first { index in
      let traits = columns[index]
      return index != timeColumn && [.time, .clock].contains(traits.role) && !traits.isEmpty
        && !traits.isClock && traits.times == nil && !traits.isNumeric
        && [.byName, .extra].contains(reading.uses[index]) && !mappedColumns.contains(index)
    }.map { columns[$0] }
  }

  /// The form in which times follow one another, of those that could be.
  private func likeliest(_ patterns: [TimePattern], _ column: Int) -> TimePattern {
    func turns(_ pattern: TimePattern) -> Int {
      let times = columns[column].samples.compactMap { sample in
        sample.withUnsafeBytes { pattern.parse($0)?.nanoseconds }
      }
      let steps = zip(times, times.dropFirst()).map { $1 - $0 }
      return min(steps.count { $0 < 0 }, steps.count { $0 > 0 })
    }
    return patterns.min { turns($0) < turns($1) } ?? patterns[0]
  }

  // MARK: - Guesses for the command line

  /// Names for the columns of a file without any: a time, and values.
  private var columnGuess: (names: [String], isNaive: Bool) {
    var names = [String](repeating: "-", count: table.width)
    let columns = (0..<table.width).map { index in
      ColumnTraits(
        name: index == 0 ? "time" : "",
        samples: table.rows.compactMap { index < $0.fields.count ? $0.fields[index] : nil }
          .filter { !$0.isEmpty },
        isFirst: index == 0, format: nil)
    }
    guard let time = columns.firstIndex(where: { $0.times != nil }) else { return (names, false) }
    names[time] = "ts_event"
    if let value = columns.indices.first(where: { $0 != time && columns[$0].isNumeric }) {
      names[value] = "value"
    }
    return (names, !columns[time].saysZone)
  }

  /// A symbol that the file's name may hold.
  func symbolGuess(_ options: SourceOptions) -> String {
    if let symbol = options.symbol ?? symbol { return symbol }
    let words = Self.words(fileName)
    let best = words.first { $0.allSatisfy { $0.isUppercase || $0.isNumber } } ?? words.last
    // Any name that the command line can be tried with.
    let letters = fileName.prefix { $0 != "." }.filter {
      $0.isASCII && ($0.isLetter || $0.isNumber)
    }
    return best?.uppercased() ?? (letters.isEmpty ? "SYMBOL" : letters.uppercased())
  }

  /// The flag that says the symbol: of several files each one's name does.
  private func symbolWords(_ subject: String, _ hint: KindHint) -> [String] {
    hint.fileSet?.symbolPattern.map { ["--symbol-from-name", $0] } ?? ["--symbol", subject]
  }

  /// The files that one command line is for; nil where it is for this file alone: what one file lacks and its name does
  /// not tell in the way that all names do can't be said for others.
  private func fileSet(_ hint: KindHint) -> FileSet? {
    questions.contains { $0.words.first == "--symbol" } ? nil : hint.fileSet
  }

  /// The words of a file's name that are no vendor, interval, date or number.
  static func words(_ fileName: String) -> [String] {
    var stem = Substring(fileName)
    for ending in [".gz", ".zst", ".zip", ".csv", ".txt", ".tsv", ".json", ".jsonl", ".dat"]
    where stem.lowercased().hasSuffix(ending) {
      stem = stem.dropLast(ending.count)
    }
    let marks: Set<Character> = ["_", "-", " ", ".", ",", "(", ")", "[", "]"]
    return stem.split { marks.contains($0) }.map(String.init).filter { word in
      guard let first = word.unicodeScalars.first, first.properties.isAlphabetic, word.count >= 2,
        Interval.parse(word.lowercased()) == nil, word.unicodeScalars.allSatisfy(\.isASCII)
      else { return false }
      let lower = word.lowercased()
      let isTerm = ["m1", "m5", "m15", "m30", "h1", "h4", "d1", "w1", "mn"].contains(lower)
      return !isTerm && !common.contains(lower)
    }
  }

  private static let common: Set<String> = [
    "yahoo", "stooq", "binance", "kraken", "bitstamp", "coinbase", "tradingview", "investing",
    "nasdaq", "data",
    "historical", "history", "daily", "hourly", "minute", "prices", "price", "stock", "stocks",
    "quotes", "trades",
    "ticks", "tick", "bars", "ohlcv", "csv", "quandl", "wiki", "export", "download", "candles",
    "klines", "cdd", "mt4",
    "mt5", "mt", "histdata", "dukascopy", "tushare", "nse", "cboe", "fred", "lean", "tardis",
    "eikon", "refinitiv",
    "sample", "header", "noheader", "gbk", "comma", "semicolon", "tab", "bom", "us", "ask", "bid",
    "the", "of", "raw",
    "eod", "intraday", "alphavantage", "polygon", "ninjatrader", "fxpro", "fxcm", "pl",
  ]

  /// A table's name: what the rows are of, and what they are.
  private func tableGuess(_ subject: String, _ hint: KindHint) -> String {
    var stem =
      hasSymbols && symbol == nil ? Self.words(fileName).first ?? vendor ?? "files" : subject
    // Of several files one table takes all, whatever the first one is of.
    if let files = fileSet(hint) { stem = files.folder ?? "files" }
    let length = hint.interval.flatMap { Interval.parse($0) } ?? interval ?? likelyInterval ?? .day
    let kind = hint.kind ?? kind ?? "series"
    let end = kind == "ohlcv" ? "ohlcv_" + length.name : kind
    let name = (stem + "_" + end).lowercased().map { letter in
      letter.isASCII && (letter.isLetter || letter.isNumber) ? letter : "_"
    }
    let text = String(name)
    return text.first?.isLetter == true ? text : "t_" + text
  }

  // MARK: - What is said

  /// What is missing, all of it, with a command line that says it.
  package func refusal(_ hint: KindHint, path: String) -> SourceError? {
    if questions.isEmpty { return nil }
    let what = questions.map(\.what)
    let list =
      what.count == 1
      ? what[0] : what.dropLast().joined(separator: ", ") + " and " + (what.last ?? "")
    return SourceError(
      .needsMore,
      "the file does not say \(list). Recognised: " + recognised.joined(separator: "; "),
      remedy: command(hint, path: path))
  }

  /// The command line that answers every question.
  package func command(_ hint: KindHint, path: String) -> String {
    let words = questions.flatMap(\.words)
    return hint.commandLine(adding: words, path: path, files: fileSet(hint))
  }

  /// What was recognised, for people.
  package var recognised: [String] { facts.map { "\($0.label) \($0.text)" } }

  /// The same, as labels and texts.
  package var facts: [(label: String, text: String)] {
    var facts: [(String, String)] = []
    if let vendor { facts.append(("file of", vendor)) }
    if case .known(let name) = encoding { facts.append(("text", "in " + name)) }
    let mark = [0x09: "tabs", 0x3B: "semicolons", 0x7C: "bars"][Int(reading.delimiter)] ?? "commas"
    let above = table.preamble.isEmpty ? "" : ", \(table.preamble.count) above it left out"
    facts.append(
      (
        "columns",
        "separated by \(mark), " + (table.headers.isEmpty ? "without a header" : "with a header")
          + above
      ))
    if let timeColumn {
      facts.append(("times", "in '\(reading.names[timeColumn])', \(timeForm(timeColumn))"))
    } else if case .midnight(let column, .clock) = shape {
      facts.append(("times", "in '\(reading.names[column])', times of day without a date"))
    }
    let fields = reading.uses.enumerated().compactMap { column, use in
      if case .field(let name) = use { "\(reading.names[column])=\(name)" } else { nil }
    }
    if !fields.isEmpty { facts.append(("mapped", fields.joined(separator: ", "))) }
    if case .pairs = shape { facts.append(("contracts", "a call and a put a line, two rows each")) }
    if let suffix = reading.symbolSuffixColumn {
      facts.append(("symbols", "joined with '\(reading.names[suffix])', which belongs to the key"))
    }
    if numberStyle != .plain, let numberStyle {
      let group = numberStyle.thousands.map { ", '\(UnicodeScalar($0))' between thousands" } ?? ""
      facts.append(
        ("numbers", "with '\(UnicodeScalar(numberStyle.decimal))' before the fraction" + group))
    }
    if let kind {
      facts.append(
        ("rows", kind == "ohlcv" ? "bars" + (interval.map { " of \($0.name)" } ?? "") : kind))
    }
    if let symbol { facts.append(("symbol", symbol)) }
    if let zone { facts.append(("zone", zone)) }
    return facts
  }

  private func timeForm(_ column: Int) -> String {
    switch columns[column].times {
    case .known(let form)?:
      form.name
        + (saysZone ? "" : columns[column].areDates ? ", dates without a zone" : ", without a zone")
    case .patterns(let patterns)?:
      patterns.map(\.text).joined(separator: " or ") + (saysZone ? "" : ", without a zone")
    case nil: "in an unknown form"
    }
  }

  // MARK: - Filling

  /// Adds what was recognised to what the user said.
  package func fill(_ options: inout SourceOptions, _ hint: inout KindHint) {
    options.inferred = reading
    options.delimiter = reading.delimiter
    if !hasSymbols || symbol != nil { options.symbol = options.symbol ?? symbol }
    if options.numbers == nil { options.numbers = numberStyle }
    options.nullTexts.formUnion(reading.nullTexts)
    guard let kind, hint.tableKind == nil else { return }
    if kind == "ohlcv" {
      let named = hint.tableName.flatMap { SourceKind.interval($0) }
      if hint.interval == nil, named == nil, hint.kind == nil || hint.kind == "ohlcv" {
        hint.interval = interval?.name
      }
      return
    }
    hint.kind = hint.kind ?? kind
  }
}
