import Columnar

/// One column of a record kind: its physical form, and what it means.
public struct SchemaColumn: Hashable, Sendable {
  /// As it is stored and queried, in snake_case.
  public let name: String
  /// Its physical form.
  public let type: ColumnType
  /// Whether the nanoseconds beyond the stored microseconds stand in a column of their own beside it.
  public let hasNanoseconds: Bool
  /// The vendor's field that it is filled from; nil where `lake` makes it.
  public let source: String?
  /// Other names under which text files and queries may know it.
  public let aliases: [String]
  /// What a number counts or is reckoned in, like `shares`, `currency` or `UTC`; nil where there is no unit.
  public let unit: String?
  /// A row without a value here is refused.
  public let isRequired: Bool
  /// Which value of the vendor's means null, in words.
  public let nullWhen: String?
  /// Whether only tables of the raw layer have it.
  public let isRawOnly: Bool
  /// One sentence for `lake describe` and the docs.
  public let description: String

  /// The column as it is stored. All columns may be null in the files: what may not is said here.
  public var field: Field { Field(name, type) }

  /// Name of the column with the nanoseconds 0…999 beyond the stored microseconds.
  public var nanosecondsName: String { Self.nanosecondsName(name) }

  /// Name of the column with the nanoseconds of column `name`.
  public static func nanosecondsName(_ name: String) -> String { name + "_plus_ns" }
}

/// A condition on the rows of a record kind.
public struct RowRule: Hashable, Sendable {
  /// What becomes of a row, or of its input, that breaks the rule.
  public enum Action: String, CaseIterable, Sendable {
    /// The whole input is refused.
    case fail
    /// The row is kept apart.
    case quarantine
    /// The row is stored and counted.
    case flag
  }

  /// As it is written in a schema file.
  public enum Comparison: String, CaseIterable, Sendable {
    case less = "<"
    case lessOrEqual = "<="
    case equal = "=="
    case notEqual = "!="
    case greaterOrEqual = ">="
    case greater = ">"
  }

  /// What stands on the right of a comparison.
  public enum Operand: Hashable, Sendable {
    case column(String)
    /// The literal's digits.
    case number(String)
  }

  /// Name of the rule, as quarantine and reports show it.
  public let name: String
  /// Name of the column on the left.
  public let left: String
  /// What must hold between left and right.
  public let comparison: Comparison
  /// A column of the same row, or a number.
  public let right: Operand
  /// What becomes of a row for which it does not hold.
  public let action: Action
  /// What is wrong with a row for which the comparison does not hold. A null on either side holds.
  public let reason: String

  /// As it stands in the schema file.
  public var check: String {
    switch right {
    case .column(let name): "\(left) \(comparison.rawValue) \(name)"
    case .number(let digits): "\(left) \(comparison.rawValue) \(digits)"
    }
  }
}
