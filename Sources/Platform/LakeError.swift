/// An error that a person can act on. Every room's error type is one of these.
///
/// It is printed as
///
///     error: <what is wrong, with the value found and the value expected>
///       at: <file, row group, column, byte or row>
///       try: <one command or one change that helps>
public protocol LakeError: Error, Sendable {
  /// What kind of error it is, for programs: one of the words that the README lists.
  var codeText: String { get }
  /// What is wrong: lower case, no final period, the user's own words and paths in quotes.
  var message: String { get }
  /// Where, outermost first; nil when the message says it all.
  var placeText: String? { get }
  /// One command or one change that helps; nil when none is known.
  var remedy: String? { get }
  /// `placeText` as it is printed: one line, unless the error quotes its input below it. A line break
  /// within one of them, as a name may have, is printed as an escape.
  var placeLines: [String] { get }
}

extension LakeError {
  /// `placeText`, on one line.
  public var placeLines: [String] { placeText.map { [$0] } ?? [] }
}
