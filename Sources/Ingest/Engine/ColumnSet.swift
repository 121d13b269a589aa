import Columnar
import Tables

/// The columns that the input of some rows had, as the tag `lake.columns` of their file says it.
///
/// Where two inputs bring the same event, only what both of them say can be compared.
struct ColumnSet: Hashable, Sendable {
  /// Tag of a data file: names of columns with commas between, or `*` for all that the file has.
  static let tag = "lake.columns"
  private static let everything = "*"

  /// nil: all columns of the file.
  private var names: Set<String>?

  init(tag text: String) {
    names =
      text == Self.everything ? nil : Set(text.split(separator: ",").map(String.init))
  }

  /// - Parameters:
  ///   - columns: What a source's rows are cut into.
  ///   - blank: Names of columns without any value: the input says nothing by them.
  init(_ columns: [PhysicalColumn], blank: Set<String>) {
    let present = columns.filter {
      $0.isPresent && !blank.contains($0.field.name) || !Self.isCompared($0.field.name)
    }
    names = present.count == columns.count ? nil : Set(present.map(\.field.name))
  }

  /// - Parameter fields: Physical columns of the file.
  func tagText(_ fields: [Field]) -> String {
    guard let names else { return Self.everything }
    return fields.map(\.name).filter(names.contains).joined(separator: ",")
  }

  /// Whether a column says something of the event, and not of the row's way into the table.
  static func isCompared(_ column: String) -> Bool {
    !RowSums.isProvenance(column) && column != ExtraTime.column && column != "symbol"
  }

  /// Names of the compared columns.
  ///
  /// - Parameter physical: Columns of the file.
  func compared(_ physical: [String]) -> Set<String> {
    Set(physical.filter { Self.isCompared($0) && (names?.contains($0) ?? true) })
  }
}
