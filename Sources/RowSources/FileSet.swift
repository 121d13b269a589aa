import Platform

/// Several files of one command, which one command line is to be suggested for.
public struct FileSet: Hashable, Sendable {
  /// As they may stand on a command line: quoted, or a pattern of the shell.
  package let words: [String]
  /// The form in which their names tell their symbols (`--symbol-from-name`); nil where none was found.
  package let symbolPattern: String?
  /// The name of the folder that they have in common.
  package let folder: String?

  /// - Parameters:
  ///   - words: For the shell.
  ///   - paths: All files.
  public init(words: [String], paths: [String]) {
    self.words = words
    symbolPattern = NamePattern.common(paths)
    var common = paths.first.map { Array($0.split(separator: "/").dropLast()) } ?? []
    for path in paths {
      let folders = path.split(separator: "/").dropLast()
      let same = zip(common, folders).prefix { $0 == $1 }.count
      common.removeLast(common.count - same)
    }
    folder = common.last { $0 != "." && $0 != ".." && !$0.contains("=") }.map(String.init)
  }
}
