import Platform

/// A lake, table, schema file or configuration that cannot be used.
public struct CatalogError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    case noLake, notALake, alreadyALake, unsuitableFileSystem, unreadable, unwritable
    case badName, unknownTable, tableExists, tableMismatch, unknownKind
    /// A table has data files, but its log is missing.
    case lostLog
    case badYAML, badConfig, badSchema, badTime, badCalendar, unknownCalendar
    case noKey, unsafeKey
    /// Somebody else's configuration, which is not trusted (`lake config trust`).
    case untrusted
  }

  /// Where: a file, and a line of it, or a table.
  public struct Place: Hashable, Sendable {
    /// A file of the lake, or the folder of a table.
    public var path: String?
    /// From 1.
    public var line: Int?
    /// From 1, in characters.
    public var column: Int?
    /// Name of the table, where the error is about one.
    public var table: String?

    /// All parts are optional; what is nil is not printed.
    public init(
      path: String? = nil, line: Int? = nil, column: Int? = nil, table: String? = nil
    ) {
      self.path = path
      self.line = line
      self.column = column
      self.table = table
    }
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where it was found; all parts are optional.
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
    if let table = place.table { parts.append("table '\(table)'") }
    if let path = place.path { parts.append(path) }
    if let line = place.line { parts.append("line \(line)") }
    if let column = place.column { parts.append("column \(column)") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}
