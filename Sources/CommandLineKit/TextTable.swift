/// Rows in aligned columns.
public struct TextTable: Sendable {
  /// Where in its column a text stands.
  public enum Alignment: Sendable { case left, right }

  /// The columns.
  public let headings: [(title: String, alignment: Alignment)]
  /// The texts, one for each column.
  public private(set) var rows: [[String]] = []

  /// A table without rows.
  public init(_ headings: [(title: String, alignment: Alignment)]) { self.headings = headings }

  /// Adds a row; control characters are escaped.
  public mutating func add(_ cells: [String]) {
    precondition(cells.count == headings.count, "one cell a heading")
    rows.append(cells.map(Escaping.controls))
  }

  /// The lines, headings first. No line ends with a space.
  public func lines(style: Style = Style(isColored: false)) -> [String] {
    var widths = headings.map { $0.title.count }
    for row in rows {
      for (index, cell) in row.enumerated() where cell.count > widths[index] {
        widths[index] = cell.count
      }
    }
    var lines = [style.bold(line(headings.map(\.title), widths))]
    for row in rows { lines.append(line(row, widths)) }
    return lines
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: widths[index] - cell.count)
      if index > 0 { line += "  " }
      line += headings[index].alignment == .left ? cell + padding : padding + cell
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}

extension Context {
  /// Prints a table as data.
  public func print(_ table: TextTable) {
    for line in table.lines(style: style) { self.print(line) }
  }
}
