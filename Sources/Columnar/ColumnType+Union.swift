extension ColumnType {
  /// The smallest type that represents every value of both exactly; nil if there is none.
  public func united(with other: ColumnType) -> ColumnType? {
    if self == other || other == .null { return self }
    switch (self, other) {
    case (.null, _): return other
    case (.integer(let width, let isSigned), .integer(let otherWidth, let isOtherSigned)):
      if isSigned == isOtherSigned {
        return .integer(bitWidth: Swift.max(width, otherWidth), isSigned: isSigned)
      }
      // A signed type that holds an unsigned one must be twice as wide.
      let needed = Swift.max(isSigned ? width : otherWidth, 2 * (isSigned ? otherWidth : width))
      return needed <= 64 ? .integer(bitWidth: needed, isSigned: true) : nil
    case (.float16, .float), (.float16, .double), (.float, .double): return other
    case (.float, .float16), (.double, .float16), (.double, .float): return self
    case (.decimal(let precision, let scale), .decimal(let otherPrecision, let otherScale))
    where scale == otherScale:
      return .decimal(precision: Swift.max(precision, otherPrecision), scale: scale)
    case (.timestamp(let unit, let isUTC), .timestamp(let otherUnit, let isOtherUTC))
    where isUTC == isOtherUTC:
      return .timestamp(unit.perSecond < otherUnit.perSecond ? otherUnit : unit, isUTC: isUTC)
    default: return nil
    }
  }

  /// Whether a file's column of this type can be read as a table's column of another type.
  ///
  /// Timestamps of a finer unit than the table's are truncated, as the table's type demands. Strings and binary
  /// without an annotation are interchangeable, since many writers store strings as binary. A narrower type is
  /// read as the wider one that a table's column has since.
  public func isReadable(as table: ColumnType) -> Bool {
    if self == .null || self == table || isWidened(as: table) { return true }
    switch (self, table) {
    case (.integer(64, false), .integer), (.integer(_, true), .integer(64, false)): return false
    case (.integer, .integer), (.timestamp, .timestamp): return true
    case (.time(let unit, _), .time(let tableUnit, _)): return unit == tableUnit
    case (.decimal(_, let scale), .decimal(_, let tableScale)):
      return scale == tableScale && storage == table.storage
    default:
      return storage == .doubles && united(with: table) == table
        || storage == .bytes && table.storage == .bytes
    }
  }
}
