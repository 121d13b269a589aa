import Bytes
import Catalog
import Columnar
import DeltaLog

/// A condition on packed rows: ranges of types, required values, and the schema's rules.
///
/// A whole block is tested field by field first; single rows only if a test fails.
struct RowCheck: Sendable {
  enum Condition: Sendable {
    /// The unscaled value of a decimal(18, s): less than 10^18 in magnitude.
    case decimal18
    /// An unsigned 64-bit number that is stored as signed.
    case signed64
    /// Nanoseconds that must be whole microseconds.
    case wholeMicroseconds
    /// The sentinel is not allowed.
    case required
    case compare(RowRule.Comparison, RowField)
    case compareConstant(RowRule.Comparison, Int64)
  }

  let field: RowField
  let condition: Condition
  /// Name of the rule.
  let rule: String
  let reason: String?
  let action: RowRule.Action
  /// Whether the field's range check also tests for missing values.
  var isRequired = false
  /// Whether another check's screening finds every row that breaks this one.
  var isScreened = false

  init(
    _ field: RowField, _ condition: Condition, rule: String, reason: String? = nil,
    action: RowRule.Action = .quarantine
  ) {
    self.field = field
    self.condition = condition
    self.rule = rule
    self.reason = reason
    self.action = action
  }

  private static let decimalMax = UInt64(999_999_999_999_999_999)

  /// Whether one of `count` rows might break the rule: like `isBroken` but faster, and also true for a missing
  /// required value, so that such a field needs no further pass.
  func isSuspect(_ base: UnsafeRawPointer, stride: Int, count: Int) -> Bool {
    if isScreened { return false }
    switch condition {
    case .decimal18:
      if !hasLarge(base + field.offset, stride, count) { return false }
      if isRequired {
        return (0..<count).contains { row in
          base.loadLE(row &* stride &+ field.offset, as: Int64.self).magnitude > Self.decimalMax
        }
      }
    case .signed64:
      var seen: Int64 = 0
      for row in 0..<count { seen |= base.loadLE(row &* stride &+ field.offset, as: Int64.self) }
      if seen >= 0 { return false }
      // The sentinel of a time is out of range too.
      if isRequired { return true }
    case .wholeMicroseconds:
      // The sentinel is no whole microsecond either.
      var broken = 0
      for row in 0..<count {
        let value = base.loadLE(row &* stride &+ field.offset, as: UInt64.self)
        broken |= value % 1000 != 0 ? 1 : 0
      }
      if broken == 0 { return false }
      if isRequired { return true }
    case .compare(let comparison, let other):
      let offset = other.offset
      if !hasFailure(base, stride, count, comparison, { $0.loadLE(offset, as: Int64.self) }) {
        return false
      }
    case .compareConstant(let comparison, let value):
      if !hasFailure(base, stride, count, comparison, { _ in value }) { return false }
    case .required: break
    }
    return isBroken(base, stride: stride, count: count)
  }

  /// Whether a value is outside ±2⁵⁹, which is less than 10¹⁸: then the top five bits are not all equal.
  private func hasLarge(_ base: UnsafeRawPointer, _ stride: Int, _ count: Int) -> Bool {
    var seen: UInt64 = 0
    for row in 0..<count {
      let value = base.loadLE(row &* stride, as: UInt64.self)
      seen |= value ^ (value &<< 1)
    }
    return seen &>> 60 != 0
  }

  /// Whether a comparison of two numbers fails, sentinels or not. Without branches.
  @inline(__always)
  private func hasFailure(
    _ base: UnsafeRawPointer, _ stride: Int, _ count: Int, _ comparison: RowRule.Comparison,
    _ right: (UnsafeRawPointer) -> Int64
  ) -> Bool {
    let left = field.offset
    @inline(__always) func failures(_ fails: (Int64, Int64) -> Bool) -> Bool {
      var bad = 0
      for row in 0..<count {
        let at = base + row &* stride
        bad |= fails(at.loadLE(left, as: Int64.self), right(at)) ? 1 : 0
      }
      return bad != 0
    }
    return switch comparison {
    case .less: failures { $0 >= $1 }
    case .lessOrEqual: failures { $0 > $1 }
    case .equal: failures { $0 != $1 }
    case .notEqual: failures { $0 == $1 }
    case .greaterOrEqual: failures { $0 < $1 }
    case .greater: failures { $0 <= $1 }
    }
  }

  /// Whether one of `count` rows breaks the rule: one pass over one or two fields.
  func isBroken(_ base: UnsafeRawPointer, stride: Int, count: Int) -> Bool {
    let offset = field.offset
    var bad = 0
    switch condition {
    case .decimal18:
      let sentinel = sentinelBits(field) ?? 0
      for row in 0..<count {
        let value = base.loadLE(row &* stride &+ offset, as: Int64.self)
        let isOut = value.magnitude > Self.decimalMax && UInt64(bitPattern: value) != sentinel
        bad = bad &+ (isOut ? 1 : 0)
      }
    case .signed64:
      let sentinel = sentinelBits(field) ?? 0
      for row in 0..<count {
        let value = base.loadLE(row &* stride &+ offset, as: UInt64.self)
        bad = bad &+ (value > UInt64(Int64.max) && value != sentinel ? 1 : 0)
      }
    case .wholeMicroseconds:
      for row in 0..<count {
        let value = base.loadLE(row &* stride &+ offset, as: UInt64.self)
        bad = bad &+ (value % 1000 != 0 && value != .max ? 1 : 0)
      }
    case .required:
      guard let sentinel = sentinelBits(field), field.form.byteCount == 8 else { return false }
      for row in 0..<count {
        let value = base.loadLE(row &* stride &+ offset, as: UInt64.self)
        bad = bad &+ (value == sentinel ? 1 : 0)
      }
    case .compare(let comparison, let other):
      bad = broken(base, stride, count, comparison) {
        ($0.loadLE(offset, as: Int64.self), $0.loadLE(other.offset, as: Int64.self))
      } isNull: {
        isSentinel($0, field) || isSentinel($0, other)
      }
    case .compareConstant(let comparison, let value):
      bad = broken(base, stride, count, comparison) {
        ($0.loadLE(offset, as: Int64.self), value)
      } isNull: {
        isSentinel($0, field)
      }
    }
    return bad > 0
  }

  @inline(__always)
  private func broken(
    _ base: UnsafeRawPointer, _ stride: Int, _ count: Int, _ comparison: RowRule.Comparison,
    _ values: (UnsafeRawPointer) -> (Int64, Int64), isNull: (UnsafeRawPointer) -> Bool
  ) -> Int {
    var bad = 0
    for row in 0..<count {
      let at = base + row &* stride
      let (left, right) = values(at)
      let holds =
        switch comparison {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .equal: left == right
        case .notEqual: left != right
        case .greaterOrEqual: left >= right
        case .greater: left > right
        }
      if !holds && !isNull(at) { bad = bad &+ 1 }
    }
    return bad
  }

  private func isSentinel(_ row: UnsafeRawPointer, _ field: RowField) -> Bool {
    sentinelBits(field).map { row.loadLE(field.offset, as: UInt64.self) == $0 } ?? false
  }

  private func sentinelBits(_ field: RowField) -> UInt64? {
    if case .sentinel(let bits) = field.null { bits } else { nil }
  }

  /// What is wrong with one row; nil if nothing is.
  func fault(_ row: UnsafeRawPointer) -> String? {
    guard isBroken(row, stride: 0, count: 1) else { return nil }
    if let reason { return reason }
    let value = row.loadLE(field.offset, as: UInt64.self)
    switch condition {
    case .decimal18:
      let text = DecimalText.format(Int128(Int64(bitPattern: value)), scale: 9, trimmed: true)
      return "\(field.name) \(text) does not fit decimal(18,9)"
    case .wholeMicroseconds: return "\(field.name) \(value) ns is not a whole microsecond"
    case .required: return "\(field.name) is missing"
    default: return "\(field.name) \(value) does not fit a signed 64-bit integer"
    }
  }
}

extension RowPlan {
  /// The checks for rows of a schema.
  func checks(schema: TableSchema) -> [RowCheck] {
    let withRemainder = Set(
      columns.compactMap { column -> String? in
        if case .nanosecondRemainder(let field) = column.origin { field.name } else { nil }
      })
    var checks: [RowCheck] = []
    for column in columns {
      let isRequired = schema.column(named: column.field.name)?.isRequired == true
      var isScreened = false
      switch (column.origin, column.field.type) {
      case (.integer(let field), .decimal(let precision, _))
      where precision <= 18 && field.form == .int64:
        var check = RowCheck(field, .decimal18, rule: "decimal_range")
        check.isRequired = isRequired
        isScreened = isRequired
        checks.append(check)
      case (.integer(let field), .integer) where field.form == .uint64 && field.name != "order_id":
        checks.append(RowCheck(field, .signed64, rule: "integer_range"))
      case (.microseconds(let field), _):
        let isWhole = !withRemainder.contains(field.name)
        var check = RowCheck(field, isWhole ? .wholeMicroseconds : .signed64, rule: "time_range")
        check.isRequired = isRequired
        isScreened = isRequired && field.null == .sentinel(.max)
        checks.append(check)
      default: break
      }
      guard let field = integerField(column.field.name), field.form.byteCount == 8, isRequired
      else { continue }
      var check = RowCheck(field, .required, rule: "required")
      check.isScreened = isScreened
      checks.append(check)
    }
    return checks + schema.rules.compactMap(check)
  }

  private func check(_ rule: RowRule) -> RowCheck? {
    guard let left = integerField(rule.left), left.form.byteCount == 8 else { return nil }
    switch rule.right {
    case .column(let name):
      guard let right = integerField(name), right.form.byteCount == 8 else { return nil }
      return RowCheck(
        left, .compare(rule.comparison, right), rule: rule.name, reason: rule.reason,
        action: rule.action)
    case .number(let digits):
      guard let type = columns.first(where: { $0.field.name == rule.left })?.field.type else {
        return nil
      }
      let scale = if case .decimal(_, let scale) = type { scale } else { 0 }
      guard let value = DecimalText.parse(digits, scale: scale).flatMap({ Int64(exactly: $0) })
      else { return nil }
      return RowCheck(
        left, .compareConstant(rule.comparison, value), rule: rule.name, reason: rule.reason,
        action: rule.action)
    }
  }

  private func integerField(_ name: String) -> RowField? {
    for column in columns where column.field.name == name {
      switch column.origin {
      case .integer(let field), .microseconds(let field): return field
      default: return nil
      }
    }
    return nil
  }
}
