import Columnar

// Files whose rows are not the table's rows: each is made into such.

extension FileInspection {
  /// How the rows of a file become those of a table.
  enum Shape: Hashable, Sendable {
    /// One for one.
    case rows
    /// A column a symbol.
    case wide(values: [Int])
    /// Calls and puts side by side.
    case board(QuoteBoard.Layout, QuoteBoard.Moment)
    /// A call and a put a line.
    case pairs(PairedChain.Layout)
    /// A chain whose contracts have no names: by these columns.
    case chain(columns: [Int])
    /// The times are times of day, or milliseconds since midnight.
    case midnight(column: Int, form: MidnightTimes.Form)
  }

  /// Tells the shape, once it is known what the columns are.
  mutating func findShape(_ options: SourceOptions) {
    if let layout = QuoteBoard.Layout(reading.names), let moment = boardMoment(options) {
      shape = .board(layout, moment)
      kind = "option-chain"
      hasSymbols = true
      saysZone = true
      return
    }
    if kind == nil || kind == "option-chain",
      let layout = PairedChain.Layout(reading.names, times: timeColumns)
    {
      shape = .pairs(layout)
      kind = "option-chain"
      hasSymbols = layout.underlying != nil
      return
    }
    if options.isWide, let timeColumn {
      let values = columns.indices.filter { column in
        column != timeColumn && reading.uses[column] != .clock
          && (columns[column].isNumeric || columns[column].isEmpty)
      }
      shape = .wide(values: values)
      kind = "series"
      hasSymbols = true
      return
    }
    if timeColumn == nil, kind == "ohlcv", reading.names.first == "milliseconds",
      MidnightTimes.areTimes(columns[0].samples)
    {
      shape = .midnight(column: 0, form: .milliseconds)
      return
    }
    if timeColumn == nil, kind != "option-chain", let clockColumn, kind != nil,
      !mappedColumns.contains(clockColumn)
    {
      shape = .midnight(column: clockColumn, form: .clock)
      return
    }
    guard kind == "option-chain", !hasSymbols else { return }
    shape = .chain(
      columns: ["expiry", "right", "strike"].compactMap { reading.uses.firstIndex(of: .field($0)) })
  }

  /// Columns of the time, or of its date and its time of day.
  private var timeColumns: [Int] {
    guard let timeColumn else { return [] }
    if case .dated(let clock) = reading.uses[timeColumn] { return [timeColumn, clock] }
    return [timeColumn]
  }

  private func boardMoment(_ options: SourceOptions) -> QuoteBoard.Moment? {
    if let moment = QuoteBoard.Moment(table.preamble) { return moment }
    guard let date = options.date.flatMap({ CivilDate(iso: $0) }) else { return nil }
    return QuoteBoard.Moment(
      time: Int64(date.daysSinceEpoch) * CivilDate.nanosecondsPerDay, underlyingPrice: nil)
  }

  /// Asks for the time of rows that have none.
  ///
  /// - Throws: Where one date cannot be that of all rows.
  mutating func askDate(_ options: SourceOptions) throws(SourceError) {
    if case .midnight(let column, .clock) = shape { try checkOneDay(column) }
    let lacksDate: Bool
    switch shape {
    case .midnight: lacksDate = true
    case .board: lacksDate = false
    default: lacksDate = timeColumn == nil && kind == "option-chain"
    }
    guard lacksDate, options.date == nil else { return }
    let expiries = columns.first { $0.role == .expiry }?.samples ?? []
    let first = expiries.compactMap { sample -> Int? in
      guard case .integer(let day) = sample.withUnsafeBytes({ TextConversion.date($0) }) else {
        return nil
      }
      return Int(day)
    }.min()
    let date =
      Self.date(in: innerName ?? fileName) ?? Self.date(in: fileName)
      ?? first.map { CivilDate(daysSinceEpoch: $0) }
    questions.append(
      Question(what: dateWords, words: ["--date", date?.iso ?? "2024-01-02"]))
    if options.timeZone == nil {
      questions.append(
        Question(what: "the time zone of that date", words: ["--timezone", "UTC"]))
    }
  }

  private func checkOneDay(_ column: Int) throws(SourceError) {
    let symbolColumn = reading.uses.firstIndex(of: .field("symbol"))
    var order = ClockOrder()
    for row in table.rows where row.fields.count > column {
      let text = row.fields[column]
      guard let time = CompactTime.clock(text) else { continue }
      let symbol = symbolColumn.map { $0 < row.fields.count ? row.fields[$0] : [] } ?? []
      if !order.follows(time, symbol) { throw ClockOrder.refusal(text) }
    }
  }

  /// What the date is of, in words.
  private var dateWords: String {
    guard case .midnight(let column, .clock) = shape, let first = columns[column].samples.first
    else { return "the date of its rows" }
    return "the date of times like '\(TextTable.text(first))'"
  }

  /// A date that stands in a name, with dashes or in eight digits.
  private static func date(in name: String) -> CivilDate? {
    if let date = PagePath.lastDate(name) { return date }
    let runs = name.utf8.split { $0 < 0x30 || $0 > 0x39 }.filter { $0.count == 8 }
    for run in runs {
      if let time = CompactTime.parse(Array(run)) {
        return CivilDate(daysSinceEpoch: Int(time / CivilDate.nanosecondsPerDay))
      }
    }
    return nil
  }

  /// The text as rows of the table, and how these are read.
  package func reshaped(
    _ text: any ByteSupply, _ options: inout SourceOptions
  ) throws -> any ByteSupply {
    switch shape {
    case .rows: return text
    case .wide(let values):
      guard let timeColumn else { return text }
      options.inferred = WideTable.reading(reading, timeColumn: timeColumn)
      options.delimiter = 0x2C
      return TranslatedSupply(
        try WideTable(text, reading, timeColumn: timeColumn, valueColumns: values))
    case .board(let layout, let moment):
      options.inferred = QuoteBoard.reading(layout)
      options.delimiter = 0x2C
      let forms = TimePattern.fitting(columns[layout.expiry].samples)
      return TranslatedSupply(
        try QuoteBoard(text, reading, layout, moment, expiryForms: forms))
    case .pairs(let layout):
      let times = timeColumns
      options.inferred = PairedChain.reading(reading, layout, times: times)
      options.delimiter = 0x2C
      let underlying = options.symbol ?? ""
      options.symbol = nil
      return TranslatedSupply(
        try PairedChain(
          text, reading, layout, times: times, underlying: underlying, date: options.date))
    case .midnight(let column, let form):
      guard let date = options.date else { return text }
      options.inferred = MidnightTimes.reading(reading, column: column)
      return TranslatedSupply(
        try MidnightTimes(text, reading, column: column, form: form, date: date))
    case .chain(let columns):
      let time = timeColumn == nil ? options.date : nil
      let underlying = options.symbol ?? ""
      options.inferred = ChainSymbols.reading(reading, hasTime: time != nil)
      options.symbol = nil
      return TranslatedSupply(
        try ChainSymbols(text, reading, underlying: underlying, columns: columns, time: time))
    }
  }
}
