import Catalog
import Market
import Massive
import RowSources
import Tables

// How a file is read: what flags say, and what of it does not stand in the file.

extension RowFileSource {
  /// How a file is read that is looked at before.
  func inspectedOptions() throws -> (SourceOptions, KindHint) {
    if let pattern = item.options.symbolPattern, item.options.symbol == nil {
      throw PassError(
        .input,
        pattern.isAmbiguous(item.name)
          ? "its name tells several symbols, as '\(pattern.text)' can be read"
          : "its name does not tell the symbol as '\(pattern.text)' says", place: path,
        remedy: pattern.isAmbiguous(item.name)
          ? "write each mark between '*' out, like '{symbol}_*_*.csv'"
          : "write '*' for what differs between names; or name the symbol: --symbol SPY")
    }
    var (options, hint) = try Self.reading(pass, item.options)
    options.inspects = true
    hint.saysTable = item.options.table != nil || item.options.dataset != nil
    hint.commandWords = item.options.commandWords
    hint.fileSet = item.options.fileSet
    return (options, hint)
  }

  /// Says where a folder `symbol=X` that the file lies in is not what its rows say.
  func warnOfFolder(_ symbols: [String]) {
    guard item.delivery == nil, let first = symbols.first else { return }
    for folder in path.split(separator: "/").dropLast() {
      let parts = folder.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parts[0] == "symbol", symbols != [String(parts[1])] else { continue }
      let others = symbols.count > 1 ? " and \(symbols.count - 1) others" : ""
      pass.observer.warn(
        PassError(
          .input,
          "the folder '\(folder)' contradicts the file's rows, which are of '\(first)'\(others): they are stored as they say",
          place: path, remedy: "rename the folder, or correct the file's symbols"))
    }
  }

  /// What decides how the rows of a file are read, and does not stand in it.
  static func reading(_ item: IngestInput, schema: TableSchema) -> InputReading {
    let options = item.options
    var reading = InputReading()
    // The kind stands for flags, the table's name and the path, wherever it was taken from.
    reading.add("kind", schema.kind)
    reading.add("symbol", options.symbol ?? PagePath.ticker(item.path))
    reading.add("timezone", options.timeZone)
    if options.ambiguousTime != .earliest {
      reading.add("ambiguous", options.ambiguousTime.rawValue)
    }
    for (index, map) in options.columnMap.enumerated() { reading.add("map \(index)", map) }
    for (index, name) in (options.columns ?? []).enumerated() {
      reading.add("column \(index)", name)
    }
    reading.add("delimiter", options.delimiter.map { "\($0)" })
    reading.add("date format", options.dateFormat?.text)
    reading.add("decimal", options.numbers.map { "\($0.decimal)" })
    for (index, text) in options.nullTexts.enumerated() { reading.add("null \(index)", text) }
    reading.add("skip", options.skippedLineCount.map { "\($0)" })
    reading.add("comment", options.comment.map { "\($0)" })
    reading.add("pad", options.padsRows ? "yes" : nil)
    reading.add("encoding", options.encoding)
    reading.add("date", options.date)
    reading.add("wide", options.isWide ? "yes" : nil)
    if case .optionContracts? = MassiveKind(schemaKind: schema.kind) {
      reading.add("as of", PagePath.lastDate(item.path)?.iso)
    }
    reading.add("overlap", options.overlap == .append ? "append" : nil)
    return reading
  }

  /// How files are read, and what is said of their rows.
  static func reading(
    _ pass: IngestPass, _ options: IngestOptions
  ) throws -> (SourceOptions, KindHint) {
    (try sourceOptions(options), try kindHint(pass, options))
  }

  static func sourceOptions(_ given: IngestOptions) throws -> SourceOptions {
    var options = SourceOptions()
    options.dateFormat = given.dateFormat
    options.numbers = given.numbers
    options.nullTexts = Set(given.nullTexts)
    options.skippedLineCount = given.skippedLineCount
    options.comment = given.comment
    options.padsRows = given.padsRows
    options.isWide = given.isWide
    options.date = given.date
    options.encoding = given.encoding
    options.symbol = given.symbol
    options.textByteCountMax = max(options.textByteCountMax, given.memoryByteCount / 3)
    options.columns = given.columns
    options.delimiter = given.delimiter
    options.ambiguousTime = given.ambiguousTime
    options.timeZone = try given.timeZone.map { try TimeZoneRules.named($0) }
    options.columnMap = try given.columnMap.map { text in
      guard let mapping = ColumnMapping(parsing: text) else {
        throw PassError(
          .usage, "'--map \(text)' is no mapping", remedy: "--map theirs=ours, like --map px=price")
      }
      return mapping
    }
    return options
  }

  private static func kindHint(_ pass: IngestPass, _ options: IngestOptions) throws -> KindHint {
    var hint = KindHint(
      kind: options.kind, interval: options.interval,
      tableName: options.table?.name)
    if let table = options.table { hint.tableKind = try pass.kind(of: table) }
    return hint
  }
}
