import Columnar
import Tables

/// The columns of the input that some rows came from, as in the tag `lake.columns` of their file.
///
/// If two inputs have the same event, only columns of both can be compared.
struct ColumnSet: Hashable, Sendable {
  /// Tag of a data file: comma-separated column names, or `*` for all columns of the file.
  static let tag = "lake.columns"
  private static let everything = "*"

  /// nil for all columns of the file.
  private var names: Set<String>?

  init(tag text: String) {
    names =
      text == Self.everything ? nil : Set(text.split(separator: ",").map(String.init))
  }

  /// - Parameters:
  ///   - columns: The columns that a source's rows are cut into.
  ///   - blank: Names of columns without any value, which count as missing.
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

  /// Whether a column describes the event, rather than how the row came into the table.
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
