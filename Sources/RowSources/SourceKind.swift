import Databento
import Market
import Platform

/// The names of a file's columns and their first values: what its kind is told from.
public struct SourceColumnNames: Sendable {
  /// The columns' names, in the file's order.
  public var names: [String]
  /// Values of each column, trimmed, without nulls.
  public var samples: [[[UInt8]]]

  /// The columns of a file, with values of some rows for each.
  public init(names: [String], samples: [[[UInt8]]]) {
    self.names = names
    self.samples = samples
  }
}

/// What the user and the lake say of a file's rows.
public struct KindHint: Sendable {
  /// `--schema`: a record kind, or `ohlcv`, which needs an interval.
  public var kind: String?
  /// `--interval`, of bars.
  public var interval: String?
  /// Kind of the table that the rows go to, where it exists.
  public var tableKind: String?
  /// Name of the table (`raw.es_ohlcv_1s`), which may say the interval.
  public var tableName: String?
  /// Where the command reads several files: these.
  package var fileSet: FileSet?
  /// Whether it is said to which table rows go.
  package var saysTable = true
  /// The file's name within an archive.
  package var innerName: String?
  /// The command line so far, without the program's name and files: what a refusal adds to.
  package var commandWords: [String] = []

  /// What the person, the file's name or the table say of the rows.
  public init(
    kind: String? = nil, interval: String? = nil, tableKind: String? = nil,
    tableName: String? = nil
  ) {
    self.kind = kind
    self.interval = interval
    self.tableKind = tableKind
    self.tableName = tableName
  }
}

extension KindHint {
  /// The command line as it was, with more words, for one file or for all of a set.
  func commandLine(adding words: [String], path: String, files: FileSet? = nil) -> String {
    let given = commandWords.isEmpty ? ["ingest"] : commandWords
    // A pattern of the shell must stand there without quotes.
    let names = files?.words ?? [path == "-" ? path : ShellText.path(path)]
    return (["lake"] + given.map(ShellText.quoted) + names + words.map(ShellText.quoted))
      .joined(separator: " ")
  }
}

/// Tells which record kind a file's rows are.
public enum SourceKind {
  /// The kind of a file's rows: as the user says, else the table's, else as the columns tell.
  ///
  /// - Throws: `SourceError.needsKind`, showing the flags, where nothing tells.
  public static func detect(
    _ columns: SourceColumnNames, hint: KindHint
  ) throws(SourceError) -> String {
    if let interval = hint.interval, Interval.parse(interval) == nil {
      throw SourceError(
        .needsKind, "'\(interval)' is no interval", remedy: "write it as 1s, 15s, 1m, 1h or 1d")
    }
    if let kind = hint.kind, kind != "ohlcv" {
      try checkInterval(kind, hint, said: "--schema \(kind)")
      return kind
    }
    if let kind = hint.tableKind, hint.kind == nil || kind.hasPrefix("ohlcv-") {
      try checkInterval(kind, hint, said: "the table, of \(kind),")
      return kind
    }
    let known = Set(columns.names.map { ColumnAssignment.normalised($0).name })
    let recordType = recordType(columns)
    let stated = hint.interval.flatMap { Interval.parse($0)?.name }
    let named = hint.tableName.flatMap(interval)
    // Only bars have an interval: where one is said, or the table is named for it, they are meant.
    if hint.kind == "ohlcv" || stated != nil || isBars(known) || (named != nil && recordType == nil)
    {
      if let interval = stated ?? recordType.flatMap(interval) ?? named {
        return "ohlcv-" + interval
      }
      throw SourceError(
        .needsKind, "the file holds bars, and nothing says of which interval",
        remedy: "say it, and what else the file lacks: --interval 1m"
          + (known.contains("symbol") ? "" : " --symbol SPY")
          + (hint.tableName == nil ? " --as raw.spy_ohlcv_1m" : ""))
    }
    // One record type stands for two kinds there: only a file's metadata tells them apart.
    if let recordType, recordType != 1, let kind = RecordKind(rtype: recordType, schema: nil) {
      return kind.rawValue
    }
    let list = ColumnAssignment.list(columns.names)
    if known.contains(where: { $0.hasPrefix("bid") || $0.hasPrefix("ask") }) {
      throw SourceError(
        .needsKind,
        "the file holds quotes, of which there are several kinds; its columns are \(list)",
        remedy: "say which: --schema mbp-1 (every update), tbbo (with each trade) or bbo-1s")
    }
    if known.isSuperset(of: ["price", "size"]) { return "trades" }
    throw SourceError(
      .needsKind, "nothing tells what the rows are; the file's columns are \(list)",
      remedy: "say it: --schema trades, or --schema ohlcv --interval 1m (see: lake schema list)")
  }

  private static func checkInterval(
    _ kind: String, _ hint: KindHint, said: String
  ) throws(SourceError) {
    guard let text = hint.interval, let interval = Interval.parse(text)?.name else { return }
    if kind == "ohlcv-" + interval { return }
    throw SourceError(
      .needsKind, "\(said) does not go with --interval \(text)", remedy: "leave one of them out")
  }

  private static func isBars(_ names: Set<String>) -> Bool {
    names.isSuperset(of: ["open", "high", "low", "close"])
      || names.isSuperset(of: ["o", "h", "l", "c"])
      || names.isSuperset(of: ["open_price", "high_price", "low_price", "close_price"])
  }

  /// The one record type of the first rows, from a vendor's `rtype` column.
  private static func recordType(_ columns: SourceColumnNames) -> UInt8? {
    guard
      let column = columns.names.firstIndex(where: {
        ColumnAssignment.normalised($0).name == "rtype"
      })
    else { return nil }
    let types = Set(columns.samples[column])
    guard types.count == 1, let text = types.first else { return nil }
    return UInt8(String(decoding: text, as: UTF8.self))
  }

  private static func interval(_ recordType: UInt8) -> String? {
    guard let kind = RecordKind(rtype: recordType, schema: nil), kind.isBar else { return nil }
    return kind.rawValue.split(separator: "-").last.map(String.init)
  }

  /// The interval at the end of a table's name: `es_ohlcv_1s`.
  static func interval(_ table: String) -> String? {
    let words = table.split(separator: "_")
    guard words.count >= 2, words[words.count - 2] == "ohlcv" || words[words.count - 2] == "bars",
      let last = words.last
    else { return nil }
    return Interval.parse(String(last))?.name
  }
}
