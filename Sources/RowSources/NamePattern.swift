/// `{symbol}_1d.csv`: how the names of files hold the symbol of their rows (`--symbol-from-name`).
///
/// `*` stands for any text. A pattern with slashes is held against that many folders of the path too.
public struct NamePattern: Hashable, Sendable {
  private enum Part: Hashable, Sendable {
    case text([UInt8])
    case any
    case symbol
  }

  /// What stands for the symbol.
  public static let mark = "{symbol}"
  /// Endings that a pattern need not have.
  private static let compressions = [".gz", ".zst", ".zip"]

  /// As the user writes it.
  public let text: String
  private let parts: [Part]
  private let folderCount: Int

  /// Reads a pattern; nil where it has no `{symbol}`, or several.
  public init?(parsing text: String) {
    self.text = text
    var parts: [Part] = []
    var rest = Substring(text)
    while let first = rest.first {
      if rest.hasPrefix(Self.mark) {
        parts.append(.symbol)
        rest = rest.dropFirst(Self.mark.count)
        continue
      }
      rest = rest.dropFirst()
      if first == "*" {
        if parts.last != .any { parts.append(.any) }
      } else if case .text(let bytes)? = parts.last {
        parts[parts.count - 1] = .text(bytes + Array(String(first).utf8))
      } else {
        parts.append(.text(Array(String(first).utf8)))
      }
    }
    guard parts.count(where: { $0 == .symbol }) == 1 else { return nil }
    self.parts = parts
    folderCount = text.utf8.count { $0 == 0x2F }
  }

  /// The symbol that a path's name holds; nil where the name is not of this form, or could be read in several ways.
  public func symbol(in path: String) -> String? {
    let found = symbols(of: path)
    return found.count == 1 ? found.first : nil
  }

  /// Whether a path's name could be read in several ways.
  package func isAmbiguous(_ path: String) -> Bool { symbols(of: path).count > 1 }

  private func symbols(of path: String) -> Set<String> {
    let names = path.split(separator: "/", omittingEmptySubsequences: false)
    let name = names.suffix(folderCount + 1).joined(separator: "/")
    var found = symbols(Array(name.utf8))
    for ending in Self.compressions where found.isEmpty && name.lowercased().hasSuffix(ending) {
      found = symbols(Array(name.utf8.dropLast(ending.utf8.count)))
    }
    return found
  }

  private func symbols(_ name: [UInt8]) -> Set<String> {
    var found: Set<[UInt8]> = []
    var steps = 0
    match(name[...], parts[...], nil, &found, &steps)
    return Set(found.map { String(decoding: $0, as: UTF8.self) })
  }

  /// All ways in which the rest of a name can be of the rest of the form.
  private func match(
    _ name: ArraySlice<UInt8>, _ parts: ArraySlice<Part>, _ symbol: [UInt8]?,
    _ found: inout Set<[UInt8]>, _ steps: inout Int
  ) {
    // A name of a file has 255 bytes at most; only patterns of many stars come near this.
    steps += 1
    if steps > 100_000 || found.count > 1 { return }
    guard let part = parts.first else {
      if name.isEmpty, let symbol { found.insert(symbol) }
      return
    }
    let rest = parts.dropFirst()
    switch part {
    case .text(let bytes):
      if name.starts(with: bytes) {
        match(name.dropFirst(bytes.count), rest, symbol, &found, &steps)
      }
    case .any, .symbol:
      let isSymbol = part == .symbol
      var end = isSymbol ? name.startIndex + 1 : name.startIndex
      while end <= name.endIndex {
        let taken = name[name.startIndex..<end]
        // Neither reaches over a folder.
        if taken.last == 0x2F { break }
        match(name[end...], rest, isSymbol ? Array(taken) : symbol, &found, &steps)
        end += 1
      }
    }
  }
}

extension NamePattern {
  /// A form in which each of several paths tells its own symbol; nil where none is found: files of dates, or of one
  /// symbol, have none.
  ///
  /// - Complexity: A few forms are held against all paths.
  package static func common(_ paths: [String]) -> String? {
    guard let first = paths.first else { return nil }
    return candidates(first).first { text in
      guard let pattern = NamePattern(parsing: text) else { return false }
      let found = paths.map { pattern.symbol(in: $0) }
      return Set(found).count > 1 && found.allSatisfy { $0.map(isLikely) ?? false }
    }
  }

  /// Whether a text looks like a symbol: a letter, and no blanks or dates behind marks.
  private static func isLikely(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let isDated = zip(bytes, bytes.dropFirst()).contains {
      $0 == 0x2D && (0x30...0x39).contains($1)
    }
    return text.contains { $0.isLetter } && !text.contains { " _()[],".contains($0) } && !isDated
  }

  /// Forms that a path may be of, the likeliest first.
  private static func candidates(_ path: String) -> [String] {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last else { return [] }
    var stem = Substring(name)
    for ending in compressions where stem.lowercased().hasSuffix(ending) {
      stem = stem.dropLast(ending.count)
    }
    let suffix = stem.lastIndex(of: ".").map { String(stem[$0...]) } ?? ""
    var found = FileInspection.words(name).compactMap { guess(name, symbol: $0) }
    found += ["", "_*", "-*", " *", ".*"].map { mark + $0 + suffix }
    found += ["*_", "*-", "* "].map { $0 + mark + suffix }
    if let folder = parts.dropLast().last {
      // `symbol=AAPL/data.csv`, as tables keep it, and `AAPL/daily.csv`.
      let key = folder.lastIndex(of: "=").map { String(folder[...$0]) } ?? ""
      found.append(key + mark + "/*" + suffix)
    }
    return found
  }

  /// The form of a name that holds a word: digits elsewhere may be others in other files.
  ///
  /// - Returns: nil where the name does not hold it.
  static func guess(_ name: String, symbol: String) -> String? {
    let (bytes, wanted) = (Array(name.utf8), Array(symbol.lowercased().utf8))
    let lower = bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    guard !wanted.isEmpty, wanted.count <= bytes.count,
      let at = (0...(lower.count - wanted.count)).first(where: {
        lower[$0..<$0 + wanted.count].elementsEqual(wanted)
      })
    else { return nil }
    func general(_ part: ArraySlice<UInt8>) -> String {
      var text: [UInt8] = []
      for byte in part {
        let isDigit = byte >= 0x30 && byte <= 0x39
        if !isDigit { text.append(byte) } else if text.last != 0x2A { text.append(0x2A) }
      }
      return String(decoding: text, as: UTF8.self)
    }
    let pattern = general(bytes[..<at]) + mark + general(bytes[(at + wanted.count)...])
    // Only one that tells the symbol of this very name is of use.
    return NamePattern(parsing: pattern)?.symbol(in: name) == nil ? nil : pattern
  }
}
