/// An error that the user can act on. All error types of the project conform to it.
///
/// It is printed as
///
///     error: <what is wrong, with the value found and the value expected>
///       at: <file, row group, column, byte or row>
///       try: <one command or one change that helps>
public protocol LakeError: Error, Sendable {
  /// The error's code for programs, as schemas/guide/errors.md lists them.
  var codeText: String { get }
  /// What is wrong: lower case, no final period, the user's own words and paths in quotes.
  var message: String { get }
  /// The location, outermost part first; nil if the message says it all.
  var placeText: String? { get }
  /// One command or one change that helps; nil when none is known.
  var remedy: String? { get }
  /// `placeText` in printed form: one line, unless the error quotes its input below it. A line break within a
  /// line, such as in a file name, is printed as an escape.
  var placeLines: [String] { get }
}

extension LakeError {
  /// `placeText`, on one line.
  public var placeLines: [String] { placeText.map { [$0] } ?? [] }
}
