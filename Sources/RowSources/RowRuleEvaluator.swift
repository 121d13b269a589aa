import Bytes
import Columnar
import Glibc

/// Checks rules over packed rows, a block at a time.
public struct RowRuleEvaluator: Sendable {
  /// A rule that a row breaks.
  public struct Finding: Sendable, Equatable {
    /// Index of the row in the block.
    public var row: Int
    /// Index of the rule in `rules`.
    public var rule: Int
  }

  /// The rules, in the schema's order.
  public let rules: [SourceRule]
  private let checks: [RuleCheck]

  /// - Parameters:
  ///   - fields: The packed field of each column that a rule names, by column name; a rule over a
  ///     column without a field is kept by every row.
  ///   - scales: Decimals of each column that has some.
  public init(
    _ rules: [SourceRule], fields: [String: RowField], scales: [String: Int]
  ) throws(SourceError) {
    self.rules = rules
    var checks: [RuleCheck] = []
    for (index, rule) in rules.enumerated() {
      if let check = try RuleCheck(rule, index, fields, scales) { checks.append(check) }
    }
    self.checks = checks
  }

  init(_ rules: [SourceRule], schema: SourceSchema, layout: SourceLayout) throws(SourceError) {
    var fields: [String: RowField] = [:]
    var scales: [String: Int] = [:]
    for (column, field) in zip(schema.columns, layout.fields) {
      fields[column.name] = field
      if case .decimal(_, let scale) = column.type { scales[column.name] = scale }
    }
    try self.init(rules, fields: fields, scales: scales)
  }

  /// The rules that rows break, by row, then by rule.
  ///
  /// - Parameter stride: Bytes from one row to the next.
  public func broken(_ rows: UnsafeRawPointer, rowCount: Int, stride: Int) -> [Finding] {
    var found: [Finding] = []
    for check in checks { check.collect(rows, rowCount, stride, &found) }
    if found.count > 1 { found.sort { ($0.row, $0.rule) < ($1.row, $1.rule) } }
    return found
  }
}

/// Rules that rows of a block break and that only count them: of rows that stay.
struct RowFlags {
  private let rules: RowRuleEvaluator
  private var findings: [RowRuleEvaluator.Finding] = []

  init(_ rules: RowRuleEvaluator) { self.rules = rules }

  mutating func add(_ finding: RowRuleEvaluator.Finding) { findings.append(finding) }

  /// Counts them once it is known which rows of the block go.
  func count(apartFrom removed: [Int], in report: inout SourceReport) {
    if findings.isEmpty { return }
    let gone = Set(removed)
    var last = -1
    for finding in findings where !gone.contains(finding.row) {
      report.flagged[rules.rules[finding.rule].name, default: 0] += 1
      // Findings come by row.
      if finding.row != last { report.flaggedRowCount += 1 }
      last = finding.row
    }
  }
}

/// One rule, bound to fields.
private struct RuleCheck: Sendable {
  let rule: Int
  let left: RuleTerm
  /// nil: compared with `literal`.
  let right: RuleTerm?
  let literal: Int128
  let allowsLess: Bool
  let allowsEqual: Bool
  let allowsGreater: Bool

  /// nil where a column of the rule has no field.
  init?(
    _ rule: SourceRule, _ index: Int, _ fields: [String: RowField], _ scales: [String: Int]
  ) throws(SourceError) {
    guard let leftField = fields[rule.left] else { return nil }
    var leftScale = scales[rule.left] ?? 0
    var rightScale = leftScale
    switch rule.right {
    case .column(let name):
      guard let field = fields[name] else { return nil }
      rightScale = scales[name] ?? 0
      let common = max(leftScale, rightScale)
      right = RuleTerm(field, power: common - rightScale)
      left = RuleTerm(leftField, power: common - leftScale)
      literal = 0
    case .number(let digits):
      // A literal with more decimals than the column has is compared at its own scale.
      var value = DecimalText.parse(digits, scale: leftScale)
      while value == nil && rightScale < 37 {
        rightScale += 1
        value = DecimalText.parse(digits, scale: rightScale)
      }
      guard let value else {
        throw SourceError(
          .unsupported, "rule '\(rule.name)' compares with '\(digits)', expected a number")
      }
      left = RuleTerm(leftField, power: rightScale - leftScale)
      leftScale = rightScale
      right = nil
      literal = value
    }
    self.rule = index
    allowsLess = [.less, .lessOrEqual, .notEqual].contains(rule.comparison)
    allowsEqual = [.lessOrEqual, .equal, .greaterOrEqual].contains(rule.comparison)
    allowsGreater = [.greater, .greaterOrEqual, .notEqual].contains(rule.comparison)
  }

  func collect(
    _ rows: UnsafeRawPointer, _ rowCount: Int, _ stride: Int,
    _ found: inout [RowRuleEvaluator.Finding]
  ) {
    guard left.isNarrow, right?.isNarrow ?? true, let literal = Int64(exactly: literal) else {
      return collectWide(rows, rowCount, stride, &found)
    }
    var row = rows
    for index in 0..<rowCount {
      defer { row += stride }
      let a = row.loadLE(left.offset, as: Int64.self)
      let b = right.map { row.loadLE($0.offset, as: Int64.self) } ?? literal
      if a < b ? allowsLess : (a == b ? allowsEqual : allowsGreater) { continue }
      if left.isNull(row) || right?.isNull(row) == true { continue }
      found.append(.init(row: index, rule: rule))
    }
  }

  private func collectWide(
    _ rows: UnsafeRawPointer, _ rowCount: Int, _ stride: Int,
    _ found: inout [RowRuleEvaluator.Finding]
  ) {
    var row = rows
    for index in 0..<rowCount {
      defer { row += stride }
      if left.isNull(row) || right?.isNull(row) == true { continue }
      guard let a = left.value(row), let b = right.map({ $0.value(row) }) ?? literal else {
        continue
      }
      if a < b ? allowsLess : (a == b ? allowsEqual : allowsGreater) { continue }
      found.append(.init(row: index, rule: rule))
    }
  }
}

/// One side of a rule.
private struct RuleTerm: Sendable {
  let form: RowFieldForm
  let offset: Int
  let null: RowNull
  /// The value is compared as value × 10^power.
  let power: Int

  init(_ field: RowField, power: Int) {
    form = field.form
    offset = field.offset
    null = field.null
    self.power = power
  }

  /// Whether it is compared as a plain 64-bit integer.
  var isNarrow: Bool { form == .int64 && power == 0 }

  func isNull(_ row: UnsafeRawPointer) -> Bool {
    switch null {
    case .never: return false
    case .bit(let offset, let mask): return row.loadLE(offset, as: UInt8.self) & mask == 0
    case .sentinel(let bits):
      switch form.byteCount {
      case 1: return UInt64(row.loadLE(offset, as: UInt8.self)) == bits
      case 2: return UInt64(row.loadLE(offset, as: UInt16.self)) == bits
      case 4: return UInt64(row.loadLE(offset, as: UInt32.self)) == bits
      case 8: return row.loadLE(offset, as: UInt64.self) == bits
      default: return false
      }
    }
  }

  /// nil where the field holds no number, or one too large to compare.
  func value(_ row: UnsafeRawPointer) -> Int128? {
    let value: Int128
    switch form {
    case .int8: value = Int128(row.loadLE(offset, as: Int8.self))
    case .uint8, .character: value = Int128(row.loadLE(offset, as: UInt8.self))
    case .int16: value = Int128(row.loadLE(offset, as: Int16.self))
    case .uint16: value = Int128(row.loadLE(offset, as: UInt16.self))
    case .int32: value = Int128(row.loadLE(offset, as: Int32.self))
    case .uint32: value = Int128(row.loadLE(offset, as: UInt32.self))
    case .int64: value = Int128(row.loadLE(offset, as: Int64.self))
    case .uint64, .timestamp: value = Int128(row.loadLE(offset, as: UInt64.self))
    case .int128: value = row.loadLE(offset, as: Int128.self)
    case .double, .fixedText, .text: return nil
    }
    let (scaled, overflow) = value.multipliedReportingOverflow(
      by: DecimalText.powersOfTen[min(power, 38)])
    return overflow ? nil : scaled
  }
}

/// Takes rows out of a block.
enum RowBlockEdit {
  /// - Parameter rows: Indices that rise.
  static func remove(_ rows: [Int], from block: RowBlock) {
    guard let first = rows.first else { return }
    let stride = block.layout.stride
    let base = block.bytes.base
    var target = first
    var next = 0
    for row in first..<block.rowCount {
      if next < rows.count, rows[next] == row {
        next += 1
        continue
      }
      memmove(base + target * stride, base + row * stride, stride)
      target += 1
    }
    block.bytes.count = target * stride
  }
}
