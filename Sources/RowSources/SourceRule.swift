import DeltaLog

/// A claim about every row of a table: `high >= low`. Where a side is null the row keeps it.
public struct SourceRule: Sendable, Hashable {
  /// What becomes of a row that breaks the rule.
  public enum Action: String, Sendable, CaseIterable {
    /// The whole file is refused.
    case fail
    /// The row goes to quarantine.
    case quarantine
    /// The row is stored and counted.
    case flag
  }

  /// How two values must compare.
  public enum Comparison: String, Sendable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case equal = "=="
    case notEqual = "!="
    case greaterOrEqual = ">="
    case greater = ">"
  }

  /// What a column is compared with.
  public enum Operand: Sendable, Hashable {
    case column(String)
    /// A number by its digits.
    case number(String)
  }

  /// The rule's name, as quarantine tables have it.
  public var name: String
  /// What becomes of a row that breaks it.
  public var action: Action
  /// Name of a column.
  public var left: String
  /// How both must compare.
  public var comparison: Comparison
  /// What the column is compared with.
  public var right: Operand
  /// What is wrong with a row that breaks it.
  public var reason: String

  /// A rule that a column must hold.
  public init(
    _ name: String, _ action: Action, _ left: String, _ comparison: Comparison, _ right: Operand,
    reason: String
  ) {
    self.name = name
    self.action = action
    self.left = left
    self.comparison = comparison
    self.right = right
    self.reason = reason
  }
}
