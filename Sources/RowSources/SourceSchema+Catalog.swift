import Catalog
import DeltaLog

extension SourceSchema {
  /// What a source must know of a table's schema.
  ///
  /// Columns that only ingest itself can fill (`source_ordinal`) are left out.
  public init(_ schema: TableSchema) {
    self.init(
      kind: schema.kind,
      columns: schema.columns.filter { $0.name != "source_ordinal" }.map { column in
        var own = SourceColumn(
          column.name, column.type, field: column.source ?? column.name, aliases: column.aliases,
          hasNanoseconds: column.hasNanoseconds, isRequired: column.isRequired,
          isUnsigned: column.unit == "unsigned", isNullAtZero: column.nullWhen == "0")
        if column.unit == "character" { own.letters = LetterChoices.of(column.name) }
        return own
      },
      index: schema.indexColumn, rules: schema.rules.map(SourceRule.init))
    numbersRows = schema.column(named: "source_ordinal") != nil
  }
}

extension SourceRule {
  /// The rule of a schema file.
  public init(_ rule: RowRule) {
    let right: Operand
    switch rule.right {
    case .column(let name): right = .column(name)
    case .number(let digits): right = .number(digits)
    }
    self.init(
      rule.name, Action(rule.action), rule.left, Comparison(rule.comparison), right,
      reason: rule.reason)
  }
}

extension SourceRule.Action {
  init(_ action: RowRule.Action) {
    switch action {
    case .fail: self = .fail
    case .quarantine: self = .quarantine
    case .flag: self = .flag
    }
  }
}

extension SourceRule.Comparison {
  init(_ comparison: RowRule.Comparison) {
    switch comparison {
    case .less: self = .less
    case .lessOrEqual: self = .lessOrEqual
    case .equal: self = .equal
    case .notEqual: self = .notEqual
    case .greaterOrEqual: self = .greaterOrEqual
    case .greater: self = .greater
    }
  }
}
