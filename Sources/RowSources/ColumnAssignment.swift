import Databento
import Platform

/// What becomes of one column of a file.
enum ColumnUse: Equatable {
  /// Fills the schema's column at this position.
  case field(Int)
  /// Unknown: goes into `extra` under its own name.
  case extra
  /// What another table has as `extra`: its JSON objects are this one's.
  case extraObject
  /// The nanoseconds beyond the microseconds of the time that fills the schema's column at this
  /// position.
  case remainder(of: Int)
  case ignored(reason: String)
  /// Without any value in the first rows, where the user says what stands for it: no row may have one.
  case blank
  /// A calendar date beside a full time: it must agree, and is kept in `extra` where it is another than
  /// the row's partition date.
  case dateCheck
  /// A calendar date whose time of day stands in the column at this position.
  case date(clock: Int)
  /// A time of day that belongs to another column's date.
  case clock
  /// The vendor's record type: it must imply the kind.
  case recordType
}

/// Which column of a file fills which column of the schema, told from the names alone.
struct ColumnAssignment {
  /// Generic names of the index time, best first. A schema's own aliases come before them.
  static let timeNames = [
    "ts_event", "timestamp", "ts", "datetime", "date_time", "time", "t", "epoch", "open_time",
    "window_start", "index",
  ]
  /// Generic names of other columns.
  static let otherNames: [String: [String]] = [
    "symbol": ["ticker", "sym", "instrument", "raw_symbol"],
    "volume": ["vol", "v"],
    "open": ["o"], "high": ["h"], "low": ["l"], "close": ["c", "last"],
    "size": ["qty", "quantity", "amount"],
  ]
  /// Names by which frames write an index that has none.
  static let unnamed: Set<String> = ["", "unnamed: 0", "__index_level_0__", "column0", "level_0"]

  /// One a column of the file.
  var uses: [ColumnUse]
  /// Columns of times whose name says that they are UTC.
  var saysUTC: [Bool]
  let names: [String]
  /// What each column is called in `extra`: by its name, if no other column has it.
  let keys: [String]
  /// Positions in the schema of a time that one column fills, and of another that it fills too.
  private(set) var copiedTime: (from: Int, to: Int)?
  /// Columns that are no other than their names, whatever these could mean.
  private var isKept: [Bool]

  /// - Parameter samples: The first values of each column, trimmed, without nulls.
  init(
    names: [String], schema: SourceSchema, options: SourceOptions, samples: [[[UInt8]]]
  ) throws(SourceError) {
    self.names = names
    keys = Self.keys(names)
    uses = [ColumnUse](repeating: .extra, count: names.count)
    isKept = [Bool](repeating: false, count: names.count)
    saysUTC = names.map { Self.normalised($0).saysUTC }
    var ranks = [Int](repeating: .max, count: schema.columns.count)
    var owners = [Int?](repeating: nil, count: schema.columns.count)
    try applyMap(schema, options, &ranks, &owners)
    if let inferred = options.inferred { apply(inferred, schema, &ranks, &owners) }
    for (column, name) in names.enumerated() where uses[column] == .extra && !isKept[column] {
      if name == "-" {
        uses[column] = .ignored(reason: "left out by --columns")
        continue
      }
      guard let (position, rank) = Self.match(name, schema) else { continue }
      if let owner = owners[position] {
        if ranks[position] < rank { continue }
        // A name that stands there twice is the first column's.
        if names[owner].lowercased() == name.lowercased() { continue }
        if ranks[position] == rank { throw repeatedColumn(owner, column, schema, position) }
        uses[owner] = .extra
      }
      owners[position] = column
      ranks[position] = rank
      uses[column] = .field(position)
    }
    assignRest(schema, samples, &owners)
    assignOnlyTime(schema, &owners)
    // A column without any value is as good as none.
    if options.symbol != nil, let symbol = schema.position(of: "symbol"),
      let column = owners[symbol], samples[column].isEmpty
    {
      uses[column] = .blank
      owners[symbol] = nil
    }
    assignOwn(schema, owners)
  }

  /// The schema's column that a name means, and how well it fits (smaller is better).
  static func match(_ name: String, _ schema: SourceSchema) -> (Int, Int)? {
    let wanted = normalised(name).name
    if wanted.isEmpty { return nil }
    for (position, column) in schema.columns.enumerated() {
      if column.name == "extra" || column.name == "source_ordinal" { continue }
      if wanted == column.name || wanted == column.field { return (position, 1) }
    }
    for (position, column) in schema.columns.enumerated() {
      if let index = column.aliases.firstIndex(where: { normalised($0).name == wanted }) {
        return (position, 100 + index)
      }
    }
    for (position, column) in schema.columns.enumerated() {
      if let index = otherNames[column.name]?.firstIndex(of: wanted) {
        return (position, 200 + index)
      }
    }
    if let rank = timeNames.firstIndex(of: wanted), let index = schema.position(of: schema.index) {
      return (index, 300 + rank)
    }
    return nil
  }

  /// Lower case, blanks and dashes as underscores, without angle brackets and a mark that it is UTC.
  static func normalised(_ name: String) -> (name: String, saysUTC: Bool) {
    var text = ""
    for scalar in name.lowercased().unicodeScalars {
      switch scalar {
      case " ", "-", "\t", "\u{A0}": text += "_"
      case "<", ">": continue
      default: text.unicodeScalars.append(scalar)
      }
    }
    while text.hasPrefix("_") && !text.hasPrefix("__") { text.removeFirst() }
    while text.hasSuffix("_") && !text.hasSuffix("__") { text.removeLast() }
    for suffix in ["_(utc)", "(utc)", "_[utc]", "_utc", "_gmt"] where text.hasSuffix(suffix) {
      return (String(text.dropLast(suffix.count)), true)
    }
    return (text, text == "utc")
  }

  private mutating func applyMap(
    _ schema: SourceSchema, _ options: SourceOptions, _ ranks: inout [Int], _ owners: inout [Int?]
  ) throws(SourceError) {
    for mapping in options.columnMap {
      guard let column = find(mapping.theirs) else {
        throw SourceError(
          .unknownMapping, "the file has no column '\(mapping.theirs)'",
          remedy: NearestNames.question(mapping.theirs, among: names)
            ?? "its columns are " + Self.list(names))
      }
      if mapping.ours == "-" {
        uses[column] = .ignored(reason: "left out by --map")
        continue
      }
      guard let position = schema.position(of: mapping.ours) else {
        throw SourceError(
          .unknownMapping, "\(schema.kind) has no column '\(mapping.ours)'",
          remedy: NearestNames.question(mapping.ours, among: schema.columns.map(\.name))
            ?? "see its columns with: lake schema show \(schema.kind)")
      }
      if let owner = owners[position] { throw repeatedColumn(owner, column, schema, position) }
      owners[position] = column
      ranks[position] = 0
      uses[column] = schema.columns[position].name == "extra" ? .extraObject : .field(position)
    }
  }

  /// What the file's beginning showed, of columns of which the user says nothing.
  private mutating func apply(
    _ inferred: InferredReading, _ schema: SourceSchema, _ ranks: inout [Int],
    _ owners: inout [Int?]
  ) {
    for (column, use) in inferred.uses.enumerated() where uses[column] == .extra {
      switch use {
      // A clock is its date's, which says so.
      case .byName, .clock: continue
      case .extra: isKept[column] = true
      case .ignored(let reason): uses[column] = .ignored(reason: reason)
      case .dated(let clock):
        guard let index = schema.position(of: schema.index), owners[index] == nil,
          uses[clock] == .extra
        else { continue }
        uses[column] = .date(clock: clock)
        uses[clock] = .clock
        own(index, column, &ranks, &owners)
        if let event = schema.position(of: "ts_event"), event != index, owners[event] == nil {
          copiedTime = (index, event)
        }
      case .time, .field:
        var wanted = "ts_event"
        if case .field(let name) = use { wanted = name }
        guard let position = schema.position(of: wanted) ?? schema.position(of: schema.index),
          use == .time || schema.columns[position].name == wanted
            || schema.columns[position].field == wanted, owners[position] == nil
        else { continue }
        uses[column] = .field(position)
        own(position, column, &ranks, &owners)
      }
    }
  }

  private func own(_ position: Int, _ column: Int, _ ranks: inout [Int], _ owners: inout [Int?]) {
    owners[position] = column
    ranks[position] = 0
  }

  /// Names for `extra`: one without any is told by its place, one that others have too by its number among them.
  private static func keys(_ names: [String]) -> [String] {
    var taken = Set(names)
    var seen: Set<String> = []
    return names.enumerated().map { ordinal, name in
      if !name.isEmpty, seen.insert(name).inserted { return name }
      let stem = name.isEmpty ? "column_" : name + "_"
      var number = name.isEmpty ? ordinal + 1 : 2
      while !taken.insert(stem + String(number)).inserted { number += 1 }
      return stem + String(number)
    }
  }

  /// What is odd about the names, and what became of their columns.
  var notes: [String] {
    names.indices.compactMap { column in
      let what: String
      if names[column].isEmpty {
        what = "column \(column + 1) has no name"
      } else if keys[column] != names[column] {
        what = "column \(column + 1) is called '\(names[column])' as another one is"
      } else {
        return nil
      }
      switch uses[column] {
      case .extra: return what + ": it is kept in extra, as '\(keys[column])'"
      case .ignored(let reason): return what + ": it is left out, as \(reason)"
      default: return nil
      }
    }
  }

  /// Names for a message; the first few of many.
  static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).map { "'" + $0 + "'" }.joined(separator: ", ")
    return names.count > 12 ? shown + ", … (\(names.count) in all)" : shown
  }

  /// A column by its exact name, else by its name in another case, else by its position from 1.
  private func find(_ name: String) -> Int? {
    if let exact = names.firstIndex(of: name) { return exact }
    let lowered = name.lowercased()
    if let alike = names.firstIndex(where: { $0.lowercased() == lowered }) { return alike }
    guard let position = Int(name), position >= 1, position <= names.count else { return nil }
    return position - 1
  }

  private func repeatedColumn(
    _ first: Int, _ second: Int, _ schema: SourceSchema, _ position: Int
  ) -> SourceError {
    SourceError(
      .repeatedColumn,
      "columns '\(names[first])' and '\(names[second])' would both fill "
        + "'\(schema.columns[position].name)'",
      remedy: "leave one out: --map '\(names[second])=-'")
  }

  /// Whether a column has no values, or one more in every row, as frames number theirs.
  private static func countsRows(_ samples: [[UInt8]]) -> Bool {
    let numbers = samples.map { Int(String(decoding: $0, as: UTF8.self)) }
    guard let first = numbers.first else { return true }
    return numbers.enumerated().allSatisfy { ordinal, number in
      number != nil && number == first.map { $0 &+ ordinal }
    }
  }

  /// The time of a file that has no other is its index too, where the schema keeps two: when a venue sent
  /// a record, and when it was received.
  private mutating func assignOnlyTime(_ schema: SourceSchema, _ owners: inout [Int?]) {
    guard schema.index == "ts_recv", let index = schema.position(of: schema.index),
      let event = schema.position(of: "ts_event"), owners[index] == nil,
      let column = owners[event], uses[column] == .field(event)
    else { return }
    uses[column] = .field(index)
    owners[index] = column
    owners[event] = nil
    copiedTime = (index, event)
  }

  /// Dates, times of day, unnamed index columns, the record type.
  private mutating func assignRest(
    _ schema: SourceSchema, _ samples: [[[UInt8]]], _ owners: inout [Int?]
  ) {
    guard let index = schema.position(of: schema.index) else { return }
    let dateColumn = names.indices.first {
      uses[$0] == .extra && !isKept[$0]
        && ["date", "day", "trade_date"].contains(Self.normalised(names[$0]).name)
    }
    if let column = owners[index], let dateColumn,
      samples[column].count(where: { CompactTime.clock($0) != nil }) * 2 > samples[column].count
    {
      uses[column] = .clock
      uses[dateColumn] = .date(clock: column)
      owners[index] = dateColumn
    } else if let dateColumn {
      if owners[index] == nil {
        owners[index] = dateColumn
        uses[dateColumn] = .field(index)
      } else if Self.normalised(names[dateColumn]).name == "date" {
        uses[dateColumn] = .dateCheck
      }
    }
    for column in names.indices where uses[column] == .extra && !isKept[column] {
      let name = Self.normalised(names[column]).name
      if name == "rtype", RecordKind(rawValue: schema.kind) != nil {
        uses[column] = .recordType
      } else if Self.unnamed.contains(name) {
        if owners[index] == nil, let form = TimeForm.detect(samples[column]),
          form != .epoch(digits: 9)
        {
          owners[index] = column
          uses[column] = .field(index)
        } else if Self.countsRows(samples[column]) {
          uses[column] = .ignored(reason: "an index without a name")
        }
      }
    }
  }
}
