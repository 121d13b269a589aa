/// "Did you mean" suggestions for mistyped names.
public enum NearestNames {
  /// Most suggestions.
  public static let offeredMax = 3

  /// The suggestions for `name`, best first, at most `offeredMax`; empty if no known name is close.
  ///
  /// A name is close if its edit distance is at most a third of the letters (but at least one is allowed), or
  /// if the shorter one has at least three letters and is a prefix of the other. Letter case is ignored.
  public static func near(_ name: String, among known: [String]) -> [String] {
    let wanted = Array(name.lowercased().unicodeScalars)
    if wanted.isEmpty { return [] }
    var ranked: [(distance: Int, name: String)] = []
    for candidate in known {
      let letters = Array(candidate.lowercased().unicodeScalars)
      let distance = editDistance(wanted, letters)
      let limit = max(1, max(wanted.count, letters.count) / 3)
      let isPrefix =
        min(wanted.count, letters.count) >= 3
        && (letters.starts(with: wanted) || wanted.starts(with: letters))
      if distance <= limit || isPrefix { ranked.append((distance, candidate)) }
    }
    ranked.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return ranked.prefix(offeredMax).map(\.name)
  }

  /// "did you mean 'a', 'b' or 'c'?", or nil without suggestions.
  public static func question(_ name: String, among known: [String], prefix: String = "") -> String?
  {
    let names = near(name, among: known).map { "'" + prefix + $0 + "'" }
    guard let last = names.last else { return nil }
    let first = names.dropLast().joined(separator: ", ")
    return "did you mean " + (first.isEmpty ? "" : first + " or ") + last + "?"
  }

  /// Edit distance: letters to insert, delete, replace or swap with a neighbour.
  static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      row.reserveCapacity(b.count + 1)
      for j in 0..<b.count {
        var cost = min(last[j + 1], row[j]) + 1
        cost = min(cost, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
