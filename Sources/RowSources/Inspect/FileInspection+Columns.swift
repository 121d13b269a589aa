import Columnar
import Market

// Which column is what.

extension FileInspection {
  /// Chooses the column of times: one that says its instants before one that doesn't, one that is called so before others.
  mutating func findTimes(_ options: SourceOptions) {
    reading.uses = [ColumnInference](repeating: .byName, count: columns.count)
    let vendor = VendorForm.of(reading.names)
    for (column, name) in reading.names.enumerated() {
      guard let use = vendor?.uses[ColumnRole.key(name)] else { continue }
      reading.uses[column] = use
      if use == .time || use == .field("ts_event") { timeColumn = column }
    }
    likelyZone = vendor?.zone ?? likelyZone
    if let suffix = vendor?.suffix {
      reading.symbolSuffixColumn = reading.names.firstIndex { ColumnRole.key($0) == suffix }
    }
    if timeColumn == nil { timeColumn = bestTime() }
    guard let timeColumn else { return }
    if !options.openDateForms.isEmpty {
      columns[timeColumn].times = .patterns(options.openDateForms)
    }
    let traits = columns[timeColumn]
    saysZone = traits.saysZone
    if traits.areDates, let clock = clock(beside: timeColumn) {
      reading.uses[timeColumn] = .dated(clock: clock)
      reading.uses[clock] = .clock
    } else if reading.uses[timeColumn] == .byName {
      reading.uses[timeColumn] = .time
    }
    if case .patterns(let patterns)? = traits.times { reading.patterns[timeColumn] = patterns[0] }
    zone = saidZone(timeColumn)
  }

  /// Whether the user says what a column is.
  func isMapped(_ column: Int, _ options: SourceOptions) -> Bool {
    options.columnMap.contains {
      $0.theirs == reading.names[column] || $0.theirs == String(column + 1)
    }
  }

  private func bestTime() -> Int? {
    let found = columns.indices.filter { columns[$0].times != nil }
    func rank(_ column: Int) -> Int {
      let traits = columns[column]
      return (traits.saysZone ? 0 : 4) + (traits.role == nil ? 2 : 0) + (traits.areDates ? 1 : 0)
    }
    return found.min { (rank($0), $0) < (rank($1), $1) }
  }

  /// A column of times of day where no column holds dates.
  var clockColumn: Int? {
    guard timeColumn == nil else { return nil }
    let found = columns.indices.filter { columns[$0].isClock }
    return found.first { [.time, .clock].contains(columns[$0].role) }
  }

  /// A column of times of day that belongs to a column of dates.
  private func clock(beside date: Int) -> Int? {
    let found = columns.indices.filter { $0 != date && columns[$0].isClock }
    return found.first { [.time, .clock].contains(columns[$0].role) }
      ?? found.first { $0 == date + 1 }
  }

  /// The zone that a column's name, or a line above the header, says.
  private func saidZone(_ column: Int) -> String? {
    if saysZone { return nil }
    let name = reading.names[column]
    if ColumnAssignment.normalised(name).saysUTC { return nil }
    let key = ColumnRole.key(name)
    for stem in ["time", "date", "datetime", "timestamp"] where key.hasPrefix(stem) {
      switch key.dropFirst(stem.count) {
      case "eet": return "EET"
      case "cet": return "CET"
      case "gmt", "utc": return "UTC"
      default: continue
      }
    }
    if key == "gmttime" || key == "utctime" { return "UTC" }
    for record in table.preamble {
      for field in record.fields {
        let words = TextTable.text(field).lowercased()
        if words.contains("utc") { return "UTC" }
      }
    }
    return nil
  }

  /// Decides the kind of the rows, and with it what each column is.
  mutating func findRoles(_ options: SourceOptions, _ hint: KindHint) {
    var owners: [ColumnRole: Int] = [:]
    mappedColumns = Set(columns.indices.filter { isMapped($0, options) })
    for (column, traits) in columns.enumerated() {
      guard reading.uses[column] == .byName, let role = traits.role, !traits.isEmpty else {
        continue
      }
      if owners[role] == nil { owners[role] = column }
    }
    let vendorKind = VendorForm.of(reading.names)?.kind
    func has(_ roles: ColumnRole...) -> Bool { roles.allSatisfy { owners[$0] != nil } }
    // Only bars have an interval.
    let bars = hint.interval == nil ? nil : "ohlcv"
    let stated = (hint.kind ?? hint.tableKind ?? bars).map { $0.hasPrefix("ohlcv") ? "ohlcv" : $0 }
    if let vendorKind = stated ?? vendorKind {
      kind = vendorKind
    } else if has(.strike, .right) || has(.strike, .expiry) {
      kind = "option-chain"
    } else if has(.open, .high, .low) || has(.bidOpen, .bidHigh, .bidLow, .bidClose) {
      kind = areTicks(owners) ? "trades" : "ohlcv"
    } else if has(.open, .low, .close) || has(.open, .high, .close) {
      // Bars of which one column is called otherwise: it is asked for.
      kind = "ohlcv"
    } else if has(.price, .size) || has(.price, .volume) || has(.last, .size) {
      kind = "trades"
    } else if has(.bid, .ask) {
      kind = "mbp-1"
    } else if timeColumn != nil || clockColumn != nil {
      kind = seriesKind()
    }
    switch kind {
    case "ohlcv": assignBars(owners)
    case "trades": assignTrades(owners)
    case "mbp-1", "tbbo": assignQuotes(owners)
    case "option-chain": assignChain(owners)
    case "series": assignSeries(owners)
    default: break
    }
    use(owners[.symbol], "symbol")
    hasSymbols =
      reading.uses.contains(.field("symbol"))
      || options.columnMap.contains { $0.ours == "symbol" } || symbol != nil
    blankSymbols = columns.first { $0.role == .symbol && $0.isEmpty }?.name
    settleRest()
  }

  /// Other times than the index, and columns without a name or values.
  private mutating func settleRest() {
    for (column, traits) in columns.enumerated()
    where timeColumn != nil && reading.uses[column] == .byName
      && [.time, .date].contains(traits.role)
      && !(traits.times != nil && traits.areDates) && !traits.name.hasPrefix("ts_")
    {
      reading.uses[column] = .extra
    }
    for (column, traits) in columns.enumerated() where reading.uses[column] == .byName {
      guard ColumnAssignment.unnamed.contains(ColumnAssignment.normalised(traits.name).name)
      else { continue }
      if traits.isEmpty { reading.uses[column] = .ignored("it has neither a name nor values") }
    }
  }

  private mutating func use(_ column: Int?, _ name: String) {
    guard let column, reading.uses[column] == .byName, !mappedColumns.contains(column) else {
      return
    }
    reading.uses[column] = .field(name)
  }

  /// Bars of one price each, at times of less than a second, are trades that a program wrote as bars.
  private func areTicks(_ owners: [ColumnRole: Int]) -> Bool {
    guard let open = owners[.open], let high = owners[.high], let low = owners[.low],
      let timeColumn, columns[open].samples == columns[high].samples,
      columns[open].samples == columns[low].samples
    else { return false }
    return columns[timeColumn].samples.contains {
      (columns[timeColumn].reading($0) ?? 0) % 1_000_000_000 != 0
    }
  }

  private mutating func assignBars(_ owners: [ColumnRole: Int]) {
    if owners[.open] == nil, owners[.bidOpen] != nil {
      use(owners[.bidOpen], "open")
      use(owners[.bidHigh], "high")
      use(owners[.bidLow], "low")
      use(owners[.bidClose], "close")
    } else {
      use(owners[.open], "open")
      use(owners[.high], "high")
      use(owners[.low], "low")
      use(owners[.close] ?? owners[.price] ?? owners[.last] ?? owners[.value], "close")
    }
    use(volume(owners), "volume")
  }

  /// The column of volumes: of several, like MetaTrader's real and counted ones, the first that is not all zeros.
  private func volume(_ owners: [ColumnRole: Int]) -> Int? {
    let found = columns.indices.filter {
      columns[$0].role == .volume && reading.uses[$0] == .byName && !columns[$0].isEmpty
    }
    let exact = found.filter { ["volume", "vol"].contains(ColumnRole.key(columns[$0].name)) }
    func isZero(_ column: Int) -> Bool {
      columns[column].samples.allSatisfy { $0.allSatisfy { $0 == 0x30 || $0 == 0x2E } }
    }
    if let best = exact.first(where: { !isZero($0) }) ?? found.first(where: { !isZero($0) }) {
      return best
    }
    return exact.first ?? found.first ?? (owners[.open] == nil ? nil : quantity(owners))
  }

  private func quantity(_ owners: [ColumnRole: Int]) -> Int? {
    guard let size = owners[.size] else { return nil }
    return ["qty", "quantity", "size"].contains(ColumnRole.key(columns[size].name)) ? size : nil
  }

  private mutating func assignTrades(_ owners: [ColumnRole: Int]) {
    use(owners[.price] ?? owners[.last] ?? owners[.close] ?? owners[.value], "price")
    use(owners[.size] ?? owners[.volume], "size")
    use(owners[.side], "side")
    use(owners[.sequence], "sequence")
  }

  private mutating func assignQuotes(_ owners: [ColumnRole: Int]) {
    use(owners[.bid], "bid_px_00")
    use(owners[.ask], "ask_px_00")
    use(owners[.bidSize], "bid_sz_00")
    use(owners[.askSize], "ask_sz_00")
  }

  private mutating func assignChain(_ owners: [ColumnRole: Int]) {
    for (role, column) in owners {
      switch role {
      case .bidSize, .askSize, .openInterest, .underlyingPrice, .bid, .ask, .strike, .expiry,
        .right,
        .underlying, .iv, .delta, .gamma, .theta, .vega, .rho, .open, .high, .low, .close, .volume,
        .last, .symbol:
        use(column, role.rawValue)
      case .price where owners[.last] == nil: use(column, "last")
      default: continue
      }
    }
  }

  // MARK: - Series

  /// Columns of numbers that are nothing that is known.
  private var valueColumns: [Int] {
    columns.indices.filter {
      $0 != timeColumn && columns[$0].isNumeric && reading.uses[$0] == .byName
    }
  }

  /// A time and one number a row; nil where there are several.
  private func seriesKind() -> String? {
    if valueColumns.count == 1 { return "series" }
    let known = valueColumns.filter { [.close, .price, .value].contains(columns[$0].role) }
    let others = valueColumns.filter { columns[$0].role == nil }
    return known.count == 1 && others.isEmpty ? "series" : nil
  }

  private mutating func assignSeries(_ owners: [ColumnRole: Int]) {
    let values = valueColumns
    let column =
      owners[.value] ?? owners[.price] ?? owners[.close] ?? (values.count == 1 ? values[0] : nil)
    use(column, "value")
  }

  /// Whether the columns are one symbol each, with a value a time.
  var isWideTable: Bool {
    kind == nil && timeColumn != nil && valueColumns.count >= 2
      && valueColumns.allSatisfy { columns[$0].role == nil }
  }
}
