import Platform

/// A Parquet file that cannot be read or written.
public struct ParquetError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// The bytes contradict the format or themselves.
    case corrupt
    /// The bytes end before what they promise.
    case truncated
    /// A page's CRC-32 differs from the one in its header.
    case checksum
    /// A feature of the format that is not implemented, named in the message.
    case unsupported
    /// The system cannot open, map, read or write the file.
    case file
    /// The file is intact, but lacks what was asked for: no such column, row group or row.
    case request
    /// A value that the column's type cannot hold.
    case value
  }

  /// Filled from the inside out: decoder, column reader, file reader.
  public struct Place: Hashable, Sendable {
    /// The file.
    public var path: String?
    /// The row group, from 0.
    public var rowGroup: Int?
    /// The column's path, its parts joined by dots.
    public var column: String?
    /// Offset from the start of the file (of the footer or page while that is being decoded).
    public var offset: Int?

    /// All parts are optional.
    public init(
      path: String? = nil, rowGroup: Int? = nil, column: String? = nil, offset: Int? = nil
    ) {
      self.path = path
      self.rowGroup = rowGroup
      self.column = column
      self.offset = offset
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
  /// The system's error number, if a system call failed while writing: `EPIPE`, `ENOSPC`, …
  public var systemError: Int32?

  /// An error of one kind.
  public init(_ code: Code, _ message: String, place: Place = Place(), remedy: String? = nil) {
    self.code = code
    self.message = message
    self.place = place
    self.remedy = remedy ?? Self.usualRemedy(code)
  }

  /// The remedy for most errors of this kind.
  private static func usualRemedy(_ code: Code) -> String? {
    switch code {
    case .corrupt, .truncated, .checksum:
      "the file is damaged: copy or download it again; lake parquet FILE --verify finds the places"
    case .unsupported: "write the file anew with another program, without what is named here"
    case .file, .request, .value: nil
    }
  }

  /// The same error, in the file at `path`.
  ///
  /// - Parameter isOurs: Whether this program wrote the file: then unreadable bytes are damage.
  func inFile(_ path: String, isOurs: Bool) -> ParquetError {
    var error = at(path: path)
    let isDamage =
      switch code {
      case .corrupt, .truncated, .checksum: true
      case .unsupported: isOurs
      case .file, .request, .value: false
      }
    if isDamage, remedy == Self.usualRemedy(code) {
      error.remedy =
        LoggedFile.isOne(path) ? LoggedFile.damagedRemedy(path) : Self.usualRemedy(.corrupt)
    }
    error.remedy = error.remedy.map { Self.naming(path, $0) }
    return error
  }

  /// A remedy with the file's path in the command line.
  private static func naming(_ path: String, _ remedy: String) -> String {
    let command = "lake parquet "
    let parts = remedy.split(separator: command + "FILE", omittingEmptySubsequences: false)
    return parts.joined(separator: command + ShellText.path(path))
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    var parts: [String] = []
    if let path = place.path { parts.append(path) }
    if let rowGroup = place.rowGroup { parts.append("row group \(rowGroup)") }
    if let column = place.column { parts.append("column '\(column)'") }
    if let offset = place.offset { parts.append("byte \(offset)") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// The same error with what the outer layer knows; parts that are set already are kept.
  public func at(
    path: String? = nil, rowGroup: Int? = nil, column: String? = nil, offset: Int? = nil
  ) -> ParquetError {
    var error = self
    error.place.path = place.path ?? path
    error.place.rowGroup = place.rowGroup ?? rowGroup
    error.place.column = place.column ?? column
    error.place.offset = place.offset ?? offset
    return error
  }
}
