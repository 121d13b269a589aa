import Catalog
import Massive
import Tables

/// What the name that a user gives to a new table says about its rows: the interval of bars, and for the
/// vendor's own names whether they are adjusted.
///
/// A table with a misleading name would later keep the right rows out of it.
struct NameClaim {
  private let name: TableName

  init(_ name: TableName) { self.name = name }

  /// - Parameters:
  ///   - kind: Record kind of the rows.
  ///   - isAdjusted: Whether they are adjusted for splits; nil if that does not apply.
  func check(kind: String, isAdjusted: Bool?) throws(PassError) {
    guard let span = Self.span(kind) else { return }
    if let said = name.name.split(separator: "_").last.flatMap({ BarSpan(parsing: String($0)) }),
      said != span
    {
      throw PassError(
        .input, "the bars are of \(span.name), and the table's name says \(said.name)",
        place: "table '\(name)'",
        remedy:
          "name the table for them, like --as \(name.layer).\(renamed(to: span)), or correct --interval"
      )
    }
    let words = name.name.split(separator: "_")
    guard let isAdjusted, words.first == "massive", words.contains("bars"),
      words.contains("adjusted") != isAdjusted
    else { return }
    throw PassError(
      .input,
      "the bars are \(isAdjusted ? "adjusted for splits" : "as they were traded"), and the table's name says otherwise",
      place: "table '\(name)'", remedy: "leave out --as: they have a table of their own")
  }

  private func renamed(to span: BarSpan) -> String {
    (name.name.split(separator: "_").dropLast().map(String.init) + [span.name]).joined(
      separator: "_")
  }

  /// The interval of a kind of bars; nil for other kinds.
  private static func span(_ kind: String) -> BarSpan? {
    if case .bars(_, let span)? = MassiveKind(schemaKind: kind) { return span }
    return kind.hasPrefix("ohlcv-") ? BarSpan(parsing: String(kind.dropFirst(6))) : nil
  }
}
