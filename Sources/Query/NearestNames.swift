/// Names that a misspelt one may have meant.
enum NearestNames {
  static let suggestionCountMax = 3

  /// The closest of `known`, nearest first; none where all are far.
  static func of(_ name: String, among known: some Sequence<String>) -> [String] {
    let wanted = Array(name.lowercased().utf8)
    let limit = Swift.max(1, Swift.min(3, wanted.count / 2))
    var found: [(distance: Int, name: String)] = []
    for candidate in known {
      let other = Array(candidate.lowercased().utf8)
      var distance = editDistance(wanted, other)
      if distance > limit, wanted.count >= 2, other.starts(with: wanted) { distance = limit }
      if distance <= limit { found.append((distance, candidate)) }
    }
    found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return found.prefix(suggestionCountMax).map(\.name)
  }

  /// Insertions, deletions, changes and swaps of neighbours between two words.
  static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      for column in 0..<right.count {
        let change = previous[column] + (left[row] == right[column] ? 0 : 1)
        var best = Swift.min(previous[column + 1] + 1, current[column] + 1, change)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = Swift.min(best, before[column - 1] + 1)
        }
        current.append(best)
      }
      before = previous
      previous = current
    }
    return previous[right.count]
  }

  /// `did you mean 'close'?`, or nil.
  static func remedy(_ name: String, among known: some Sequence<String>) -> String? {
    let near = of(name, among: known)
    if near.isEmpty { return nil }
    return "did you mean " + near.map { "'\($0)'" }.joined(separator: " or ") + "?"
  }
}
