import CSystem
import Glibc

/// What the name of an output file promises.
public struct OutputForms: Sendable {
  /// Suffixes of what a command writes, the usual one first.
  public var suffixes: [String]
  /// Suffixes of the compressions that it does.
  public var compressions: [String]

  /// What a command can write, by the end of the file's name.
  public init(_ suffixes: [String], compressions: [String] = []) {
    self.suffixes = suffixes
    self.compressions = compressions
  }
}

extension Arguments {
  /// Compressions that nothing here writes: under such a name a file that is not compressed would be taken
  /// for damaged.
  private static let otherCompressions: Set<String> = [
    "bz2", "xz", "lz4", "lzma", "br", "zip", "7z", "tgz", "rar", "gz", "zst", "sz",
  ]

  /// Requires that an output file is named as what is written into it; a name without a suffix says nothing.
  ///
  /// - Parameter formFlag: The flag that says the form whatever the name, if the command has one.
  public func requireOutputName(
    _ flag: String, _ forms: OutputForms, formFlag: String? = nil
  ) throws(UsageError) {
    guard let path = value(flag), path != "-", !isStream(path) else { return }
    var rest = Substring(path)
    guard var suffix = Self.suffix(rest) else { return }
    let near = forms.suffixes.first { $0.hasPrefix(suffix.prefix(3)) } ?? forms.suffixes[0]
    let usual = "--\(flag) \(Self.stem(path)).\(near)"
    if forms.compressions.contains(suffix) {
      rest.removeLast(suffix.count + 1)
      guard let inner = Self.suffix(rest) else { return }
      suffix = inner
    }
    if Self.otherCompressions.contains(suffix) {
      let done = forms.compressions.map { "'.\($0)'" }.joined(separator: " and ")
      throw bad(
        flag, path,
        done.isEmpty
          ? "a name without a compression, which is not done here" : "a compression by \(done)",
        usual)
    }
    if forms.suffixes.contains(suffix) { return }
    if let formFlag, value(formFlag) != nil { return }
    let known = forms.suffixes.map { "'.\($0)'" }.joined(separator: ", ")
    throw bad(
      flag, path, "a name that ends in " + known,
      usual + (formFlag.map { ", or say the form: --\($0) \(forms.suffixes[0])" } ?? ""))
  }

  /// Whether a path is that of a pipe or a device: its name says nothing of what goes through it.
  private func isStream(_ path: String) -> Bool {
    if path.hasPrefix("/dev/") { return true }
    var found = stat()
    guard lake_stat(path, &found) == 0 else { return false }
    return found.st_mode & S_IFMT != S_IFREG && found.st_mode & S_IFMT != S_IFDIR
  }

  /// The suffix of a name, in lower case: what stands behind its last dot, if that is a word and no number.
  private static func suffix(_ path: Substring) -> String? {
    let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
    let suffix = name[name.index(after: dot)...].lowercased()
    let isWord = suffix.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
    }
    return isWord && suffix.utf8.contains { $0 >= 0x61 } ? suffix : nil
  }

  /// A path without its suffixes.
  private static func stem(_ path: String) -> String {
    var rest = Substring(path)
    while let suffix = suffix(rest) { rest.removeLast(suffix.count + 1) }
    return String(rest)
  }
}
