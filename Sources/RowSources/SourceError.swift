import Platform

/// A file that cannot be turned into rows, whatever its rows are like.
public struct SourceError: LakeError, Equatable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    case unreadable, empty, notText, noHeader, tooManyColumns, tooManyTexts
    case missingColumn, repeatedColumn, unknownMapping
    case needsTimeZone, needsSymbol, needsKind, needsForm, needsMore, brokenDecimals
    case unclosedQuote, recordTooLong, brokenRule, unsupported
  }

  /// What to try where a file's distinct texts take too much memory.
  static let fewerTexts =
    "leave out columns that differ in every row: --map 'theirs=-'; or allow more memory: --memory 1GB"

  /// Filled from the inside out.
  public struct Place: Hashable, Sendable {
    /// The file; `-` is standard input.
    public var path: String?
    /// The line, from 1.
    public var line: Int?
    /// The column, as the file calls it.
    public var column: String?
    /// Byte of the decompressed file.
    public var byteOffset: Int?

    /// A location as far as it is known.
    public init(
      path: String? = nil, line: Int? = nil, column: String? = nil, byteOffset: Int? = nil
    ) {
      self.path = path
      self.line = line
      self.column = column
      self.byteOffset = byteOffset
    }
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where in which file: filled in while the error travels outward.
  public var place: Place
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// An error of one kind.
  public init(_ code: Code, _ message: String, place: Place = Place(), remedy: String? = nil) {
    self.code = code
    self.message = message
    self.place = place
    self.remedy = remedy
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    var parts: [String] = []
    if let path = place.path { parts.append(path == "-" ? "standard input" : path) }
    if let line = place.line { parts.append("line \(line)") }
    if let column = place.column { parts.append("column '\(column)'") }
    if let byteOffset = place.byteOffset { parts.append("byte \(byteOffset)") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// The same error, found in the file at `path`.
  func at(_ path: String) -> SourceError {
    var placed = self
    placed.place.path = path
    return placed
  }
}

/// Why a row cannot be stored as it is. The raw values are stored in quarantine tables.
public enum RejectionRule: String, Sendable, CaseIterable {
  case raggedRow = "ragged_row"
  case badQuote = "bad_quote"
  case invalidUTF8 = "invalid_utf8"
  case nulByte = "nul_byte"
  case notANumber = "not_a_number"
  case doesNotFit = "does_not_fit"
  case tooManyDecimals = "too_many_decimals"
  case fractionInInteger = "fraction_in_integer"
  case notAnExactDecimal = "not_an_exact_decimal"
  case badTime = "bad_time"
  case naiveTime = "naive_time"
  case timeGap = "time_gap"
  case timeAmbiguous = "time_ambiguous"
  case timeUnit = "time_unit"
  case timeOutOfRange = "time_out_of_range"
  case timeTooFine = "time_too_fine"
  case dateDisagrees = "date_disagrees"
  case nullRequired = "null_required"
  case otherRecordType = "other_record_type"
  case unsupportedValue = "unsupported_value"
  case unknownLetter = "unknown_letter"
}

/// A row that is not stored, for quarantine.
public struct SourceRejection: Sendable, Equatable {
  /// How a row is kept that is not stored.
  public enum Form: String, Sendable { case text, json, base64 }

  /// Bad rows that an input may have before it fails, whatever their share.
  public static let countMax = 100_000
  /// What can be done where there are more.
  public static let limitRemedy =
    "split the file: so many rows are quarantined at once, whatever --max-bad says"

  /// A `RejectionRule`'s raw value, or the name of a rule of the schema.
  public var rule: String
  /// What is wrong, for people: the column, the value found and what was expected.
  public var reason: String
  /// From 1, the header not counted.
  public var rowNumber: Int64
  /// First line of the row in the file, from 1; nil where the file has no lines.
  public var line: Int64?
  /// Offset of the row's first byte in the decompressed content; nil where rows have none.
  public var byteOffset: Int64?
  /// The row's symbol, where it is known.
  public var symbol: String?
  /// Nanoseconds since 1970 UTC, if the index time could be read.
  public var timestamp: Int64?
  /// The row as it stood in the file: text, or base64 where it is no valid UTF-8.
  public var original: String
  /// How `original` is written.
  public var originalForm: Form
}

/// What a source did, for the summary.
public struct SourceReport: Sendable, Equatable {
  /// Rows handed on.
  public var rowCount: Int64 = 0
  /// Rows that go to quarantine.
  public var rejectedCount: Int64 = 0
  /// Rows that broke a rule which only flags, by rule.
  public var flagged: [String: Int64] = [:]
  /// Rows that break such a rule, each once.
  public var flaggedRowCount: Int64 = 0
  /// Local times that the clocks showed twice.
  public var ambiguousTimeCount: Int64 = 0
  /// Vendor sentinels that became null.
  public var sentinelCount: Int64 = 0
  /// What is odd about the file and was taken all the same, for people.
  public var notes: [String] = []
  /// Columns of the table, by its names, for which some values have too many decimals.
  public var crampedColumns: Set<String> = []
  /// The same, of values that are too large.
  public var overfullColumns: Set<String> = []
  /// Names of the columns that were put into `extra`.
  public var extraColumns: [String] = []
  /// Names of the columns that were left out, and why.
  public var ignoredColumns: [String] = []

  /// Nothing was read yet.
  public init() {}
}
