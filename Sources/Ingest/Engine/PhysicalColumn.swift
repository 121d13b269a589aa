import Bytes
import Columnar
import Databento
import Tables

/// Where the values of one physical table column come from in a packed row.
enum ColumnOrigin: Hashable, Sendable {
  /// Any integer form, or an integer that is a decimal's unscaled value.
  case integer(RowField)
  /// Whole microseconds of a nanosecond field.
  case microseconds(RowField)
  /// The 0…999 ns beyond them.
  case nanosecondRemainder(RowField)
  /// An integer of up to 128 bits for a column of wide decimals.
  case wide(RowField)
  case double(RowField)
  case character(RowField)
  case fixedText(RowField)
  case text(RowField)
  /// A JSON object with one time in ns, for a field without a column.
  case json(RowField)
  /// The source has no such field.
  case absent

  /// The packed field that carries the values.
  var field: RowField? {
    switch self {
    case .integer(let field), .microseconds(let field), .nanosecondRemainder(let field),
      .wide(let field), .double(let field), .character(let field), .fixedText(let field),
      .text(let field), .json(let field):
      field
    case .absent: nil
    }
  }
}

/// One physical column of a table, and how it is cut from packed rows.
struct PhysicalColumn: Sendable {
  let field: Field
  let origin: ColumnOrigin
  /// nil for a column that is hashed together with another (the remainder of a pair), and for provenance.
  let hash: RowHash?
  /// Whether the source has the column, even if values are missing.
  var isFilled = true

  /// - Parameters:
  ///   - source: The packed field with the value; nil if the source has none.
  ///   - isRemainder: Whether the column is the `_plus_ns` half of a pair.
  init(field: Field, source: RowField?, isRemainder: Bool = false) {
    self.field = field
    guard let source else {
      origin = .absent
      hash = nil
      return
    }
    switch (source.form, field.type) {
    case (.timestamp, _) where isRemainder: origin = .nanosecondRemainder(source)
    case (.timestamp, .timestamp): origin = .microseconds(source)
    case (.double, _): origin = .double(source)
    case (.character, _): origin = .character(source)
    case (.fixedText, _): origin = .fixedText(source)
    case (.text, _): origin = .text(source)
    case (_, .decimal(let precision, _)) where precision > 18: origin = .wide(source)
    default: origin = .integer(source)
    }
    // Provenance is not content: other cuts of the same rows must agree.
    hash =
      isRemainder || RowSums.isProvenance(field.name)
      ? nil : RowHash(name: field.name, type: field.type.hashName)
  }

  /// Whether the source has texts for the column.
  var isText: Bool { if case .text = origin { true } else { false } }

  /// Whether the source has the column.
  var isPresent: Bool { if case .absent = origin { false } else { isFilled } }

  /// A text column that takes a time which has no column of its own.
  init(field: Field, extra time: RowField) {
    self.field = field
    origin = .json(time)
    hash = RowHash(name: field.name, type: field.type.hashName)
  }
}

extension PhysicalColumn {
  /// Whether a sentinel marks missing values: the halves of a pair count once.
  var hasSentinel: Bool {
    switch origin {
    case .integer(let field), .microseconds(let field), .wide(let field):
      if case .sentinel = field.null { true } else { false }
    default: false
    }
  }
}
