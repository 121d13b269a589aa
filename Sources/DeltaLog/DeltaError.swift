import JSON
import Platform
import Storage

/// A table's log that cannot be read or written.
public struct DeltaError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// There is no Delta table.
    case noTable = "no_table"
    case versionNotFound = "version_not_found"
    /// A version is missing in the log.
    case gap
    /// A commit or checkpoint that is damaged or breaks the protocol.
    case corrupt
    /// A table feature or protocol version that is not implemented.
    case unsupported
    case schema
    /// The caller's change is not allowed on this table.
    case refused
    case storage
    /// It is unknown whether the commit took effect.
    case unknownOutcome = "unknown_outcome"
    /// Too many races were lost one after the other.
    case contention
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// The table's folder or a file of its log.
  public var path: String?
  /// 1-based line of a commit file.
  public var line: Int?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// An error of one kind.
  public init(
    _ code: Code, _ message: String, path: String? = nil, line: Int? = nil, remedy: String? = nil
  ) {
    self.code = code
    self.message = message
    self.path = path
    self.line = line
    self.remedy = remedy ?? Self.usualRemedy(code)
  }

  /// The remedy for most errors of this kind.
  private static func usualRemedy(_ code: Code) -> String? {
    switch code {
    case .corrupt:
      "the log is damaged: copy it again from where it is whole, or read an earlier version of the table (--version)"
    case .schema: "write the table anew with a schema of plain types"
    case .unsupported: "write the table anew without what is named here"
    case .noTable, .versionNotFound, .gap, .refused, .storage, .unknownOutcome, .contention: nil
    }
  }

  init(_ error: StorageError) {
    self.init(.storage, error.message, path: error.path, remedy: error.remedy)
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    guard let path else { return line.map { "line \($0)" } }
    return line.map { "\(path), line \($0)" } ?? path
  }

  /// The same error with its file named, unless a lower layer has named it.
  func at(_ path: String) -> DeltaError {
    var error = self
    if error.path == nil { error.path = path }
    return error
  }
}

/// Runs storage work, converting its errors to `DeltaError`.
@inline(__always)
func storing<T>(_ body: () throws(StorageError) -> T) throws(DeltaError) -> T {
  do { return try body() } catch { throw DeltaError(error) }
}
