import Catalog
import Columnar
import Tables

extension BarRule {
  /// Whether a rule of a schema is one that every bar is checked by anyway.
  static func isBuiltIn(_ rule: RowRule) -> Bool {
    let known: [(String, RowRule.Comparison, RowRule.Operand)] = [
      ("high", .greaterOrEqual, .column("open")), ("high", .greaterOrEqual, .column("close")),
      ("low", .lessOrEqual, .column("open")), ("low", .lessOrEqual, .column("close")),
      ("high", .greaterOrEqual, .column("low")), ("volume", .greaterOrEqual, .number("0")),
    ]
    return known.contains { $0 == rule.left && $1 == rule.comparison && $2 == rule.right }
  }
}

/// A rule of a schema, checked over the files of a table: one that a lake's own schema has beyond those of all bars.
struct TableRule {
  private let rule: RowRule
  private let left: Field
  private let right: Field?
  private let literal: Int128
  /// What both sides are multiplied with, so that they have as many decimals.
  private let factors: (left: Int128, right: Int128)
  private let index: String

  /// - Throws: Where a column of the rule is not in the table, or holds no exact numbers.
  init(_ rule: RowRule, fields: [Field], index: String) throws {
    func field(_ name: String) throws -> (Field, Int) {
      guard let field = fields.first(where: { $0.name == name }) else {
        throw PassError(
          .input, "rule '\(rule.name)' needs the column '\(name)', which the table lacks")
      }
      switch field.type {
      case .decimal(_, let scale): return (field, scale)
      case .integer: return (field, 0)
      default:
        throw PassError(
          .input, "rule '\(rule.name)' compares '\(name)', which is \(field.type.name)")
      }
    }
    self.rule = rule
    self.index = index
    let (left, leftScale) = try field(rule.left)
    self.left = left
    var rightScale = leftScale
    switch rule.right {
    case .column(let name):
      let (other, scale) = try field(name)
      right = other
      literal = 0
      rightScale = scale
    case .number(let digits):
      right = nil
      var value = DecimalText.parse(digits, scale: rightScale)
      while value == nil && rightScale < 37 {
        rightScale += 1
        value = DecimalText.parse(digits, scale: rightScale)
      }
      guard let value else {
        throw PassError(.input, "rule '\(rule.name)' compares with '\(digits)', which is no number")
      }
      literal = value
    }
    let common = max(leftScale, rightScale)
    factors = (
      DecimalText.powersOfTen[common - leftScale], DecimalText.powersOfTen[common - rightScale]
    )
  }

  /// Adds rows that break it.
  func check(_ readers: [SegmentReader], place: String, _ findings: inout BarFindings) throws {
    for reader in readers {
      var first = 1
      for group in reader.rowGroups {
        let one = try reader.column(left, group)
        let two = try right.map { try reader.column($0, group) }
        for row in 0..<group.count where !one.isNull(row) && two?.isNull(row) != true {
          let (a, b) = (one.exact(row), two?.exact(row) ?? literal)
          let (scaledA, overA) = a.multipliedReportingOverflow(by: factors.left)
          let (scaledB, overB) = b.multipliedReportingOverflow(by: factors.right)
          // Numbers too large to be compared are not told of.
          if overA || overB || holds(scaledA, scaledB) { continue }
          try add(
            reader, StoredSpan(rowGroup: group.rowGroup, rows: row..<row + 1), first + row, place,
            &findings)
        }
        first += group.count
      }
    }
  }

  private func holds(_ a: Int128, _ b: Int128) -> Bool {
    switch rule.comparison {
    case .less: a < b
    case .lessOrEqual: a <= b
    case .equal: a == b
    case .notEqual: a != b
    case .greaterOrEqual: a >= b
    case .greater: a > b
    }
  }

  private func add(
    _ reader: SegmentReader, _ row: StoredSpan, _ number: Int, _ place: String,
    _ findings: inout BarFindings
  ) throws {
    // Only some rows are shown.
    let isShown = (findings.examples[.ownRule]?.count ?? 0) < BarFindings.exampleMax
    var example: BarExample?
    if isShown {
      let time = try reader.field(named: index).flatMap { try reader.values($0, row) }
      let symbol = try reader.field(named: "symbol").flatMap { try reader.values($0, row) }
      example = BarExample(
        source: place, row: number, time: time.flatMap { Int64(exactly: $0.exact(0)) },
        symbol: symbol?.texts.first ?? "",
        values: rule.name)
    }
    findings.add(.ownRule, detail: "\(rule.name) (\(rule.reason))") { example }
  }
}

extension Column {
  /// An exact number; 0 for other values.
  fileprivate func exact(_ row: Int) -> Int128 {
    switch storage {
    case .wide(let values): values[row]
    case .integers(let values): Int128(values[row])
    default: 0
    }
  }

  /// Its texts; none of another column.
  fileprivate var texts: [String] {
    switch storage {
    case .bytes(let values): (0..<values.count).map { values[$0] }
    case .codes(let codes, let dictionary): codes.map { dictionary[Int($0)] }
    default: []
    }
  }
}
