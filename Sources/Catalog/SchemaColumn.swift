import Columnar

/// One column of a record kind: its physical form, and its meaning.
public struct SchemaColumn: Hashable, Sendable {
  /// As it is stored and queried, in snake_case.
  public let name: String
  /// Its physical form.
  public internal(set) var type: ColumnType
  /// Whether the nanoseconds beyond the stored microseconds are in a column of their own, next to it.
  public let hasNanoseconds: Bool
  /// The vendor's field that it is filled from; nil if `lake` computes it.
  public let source: String?
  /// Other names for it in text files and queries.
  public let aliases: [String]
  /// What a number counts or is reckoned in, like `shares`, `currency` or `UTC`; nil where there is no unit.
  public let unit: String?
  /// Whether a row without a value here is refused.
  public let isRequired: Bool
  /// The vendor's value that means null, in words.
  public let nullWhen: String?
  /// Whether only tables of the raw layer have it.
  public let isRawOnly: Bool
  /// One sentence for `lake describe` and the docs.
  public let description: String

  /// The column as stored. All columns are nullable in files; `isRequired` is checked at ingest.
  public var field: Field { Field(name, type) }

  /// Name of the column with the nanoseconds 0…999 beyond the stored microseconds.
  public var nanosecondsName: String { Self.nanosecondsName(name) }

  /// Name of the column with the nanoseconds of column `name`.
  public static func nanosecondsName(_ name: String) -> String { name + "_plus_ns" }
}

/// A condition on the rows of a record kind.
public struct RowRule: Hashable, Sendable {
  /// What happens to a row that breaks the rule, or to its input.
  public enum Action: String, CaseIterable, Sendable {
    /// The whole input is refused.
    case fail
    /// The row is quarantined.
    case quarantine
    /// The row is stored and counted.
    case flag
  }

  /// Spelled as in a schema file.
  public enum Comparison: String, CaseIterable, Sendable {
    case less = "<"
    case lessOrEqual = "<="
    case equal = "=="
    case notEqual = "!="
    case greaterOrEqual = ">="
    case greater = ">"
  }

  /// The right-hand side of a comparison.
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
  /// What happens to a row for which it does not hold.
  public let action: Action
  /// What is wrong with a row for which the comparison does not hold. It holds if either side is null.
  public let reason: String

  /// The rule as in the schema file.
  public var check: String {
    switch right {
    case .column(let name): "\(left) \(comparison.rawValue) \(name)"
    case .number(let digits): "\(left) \(comparison.rawValue) \(digits)"
    }
  }
}
