import Market

/// Which instant a local time stands for that the clocks showed twice (the autumn hour).
public enum AmbiguousTime: String, Sendable, CaseIterable {
  /// The first of the two, while daylight saving time still held.
  case earliest
  case latest
  /// Neither: the row is quarantined.
  case reject
}

/// How prices are written in a CSV file.
public enum PriceForm: String, Sendable {
  /// As the header and the first rows tell.
  case automatic
  /// Decimal literals.
  case decimal
  /// Databento's fixed form: integers, 1e-9 each.
  case fixed
}

/// `--map theirs=ours`: a column of the file and the column that it fills; `-` leaves it out.
public struct ColumnMapping: Sendable, Equatable {
  /// The file's name of a column, or its number from 1.
  public var theirs: String
  /// The name in the table.
  public var ours: String

  /// A column that is called otherwise in the file.
  public init(theirs: String, ours: String) {
    self.theirs = theirs
    self.ours = ours
  }

  /// Parses `theirs=ours`; the last `=` separates. nil when either side is empty.
  public init?(parsing text: String) {
    guard let equals = text.lastIndex(of: "=") else { return nil }
    theirs = String(text[..<equals])
    ours = String(text[text.index(after: equals)...])
    if theirs.isEmpty || ours.isEmpty { return nil }
  }
}

/// What the user tells about files that do not say it themselves.
public struct SourceOptions: Sendable {
  /// The symbol of every row (`--symbol`).
  public var symbol: String?
  /// The zone of times without one (`--timezone`).
  public var timeZone: TimeZoneRules?
  /// What a time means that a clock showed twice.
  public var ambiguousTime = AmbiguousTime.earliest
  /// `--map theirs=ours`. In files without a header `theirs` is a position from 1.
  public var columnMap: [ColumnMapping] = []
  /// Names of all columns of a file without a header (`--columns`).
  public var columns: [String]?
  /// One ASCII character; nil: told from the header.
  public var delimiter: UInt8?
  /// The form of times that are in no form which is known here (`--date-format`).
  public var dateFormat: TimePattern?
  /// How numbers are written (`--decimal`, `--thousands`); nil: as the file tells.
  public var numbers: NumberStyle?
  /// What stands for no value in columns of numbers and times (`--null`).
  public var nullTexts: Set<String> = []
  /// Lines at the beginning that are left out (`--skip`).
  public var skippedLineCount: Int?
  /// What a line begins with that is left out (`--comment`).
  public var comment: UInt8?
  /// Rows that end early lack the last values (`--pad`).
  public var padsRows = false
  /// The alphabet of the text, by the name that iconv has for it (`--encoding`); nil: as the text tells.
  public var encoding: String?
  /// The date of rows whose times lack it (`--date`), ISO.
  public var date: String?
  /// Each column is a symbol, with a value a time (`--wide`).
  public var isWide = false
  /// What was told from the file's beginning.
  package var inferred: InferredReading?
  /// Whether rows that break a rule of their schema are rejected or counted; else they are rows like others.
  package var checksRules = true
  /// Whether files are looked at, and what they do not say is asked for at once.
  package var inspects = false
  /// Forms between which all values of the column of times do not decide.
  package var openDateForms: [TimePattern] = []
  /// How the prices are written.
  public var priceForm = PriceForm.automatic
  /// Bytes asked of the stream at once.
  public var chunkByteCount = 1 << 20
  /// For tests: without it every field is read by the complete conversions.
  package var usesKernels = true
  /// Bytes of distinct texts that one file may hold; they stay in memory until its end.
  public var textByteCountMax = 64 << 20
  /// Rows in a block at most.
  public var blockRowMax = 1 << 14

  /// Nothing told.
  public init() {}
}
