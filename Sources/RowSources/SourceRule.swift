import DeltaLog

/// A claim about every row of a table: `high >= low`. Where a side is null the row keeps it.
public struct SourceRule: Sendable, Hashable {
  public enum Action: String, Sendable, CaseIterable {
    /// The whole file is refused.
    case fail
    /// The row goes to quarantine.
    case quarantine
    /// The row is stored and counted.
    case flag
  }

  public enum Comparison: String, Sendable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case equal = "=="
    case notEqual = "!="
    case greaterOrEqual = ">="
    case greater = ">"
  }

  public enum Operand: Sendable, Hashable {
    case column(String)
    /// A number by its digits.
    case number(String)
  }

  public var name: String
  public var action: Action
  /// Name of a column.
  public var left: String
  public var comparison: Comparison
  public var right: Operand
  /// What is wrong with a row that breaks it.
  public var reason: String

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
