import Columnar
import Testing

@Suite struct TypeWideningTests {
  private static let types: [ColumnType] = [
    .byte, .short, .int, .long, .float, .double, .date, .timestamp,
    .timestamp(.microseconds, isUTC: false), .decimal(precision: 5, scale: 2),
    .decimal(precision: 10, scale: 0), .decimal(precision: 38, scale: 10), .string, .boolean,
    .integer(bitWidth: 32, isSigned: false),
  ]

  @Test func onlyWiderTypesHoldEveryValue() {
    for (narrow, wide, isSo) in [
      (.int, .double, true), (.long, .double, false), (.byte, .double, true),
      (.integer(bitWidth: 32, isSigned: false), .double, false), (.boolean, .double, false),
      (.date, .timestamp(.microseconds, isUTC: false), true), (.date, .timestamp, false),
      (.decimal(precision: 5, scale: 2), .decimal(precision: 6, scale: 3), true),
      (.decimal(precision: 5, scale: 2), .decimal(precision: 5, scale: 3), false),
      (.decimal(precision: 5, scale: 2), .decimal(precision: 9, scale: 1), false),
      (.int, .decimal(precision: 10, scale: 0), true),
      (.int, .decimal(precision: 10, scale: 1), false),
      (.long, .decimal(precision: 20, scale: 0), true),
      (.long, .decimal(precision: 18, scale: 0), false), (.string, .double, false),
      (.double, .float, false), (.decimal(precision: 5, scale: 0), .long, false),
    ] as [(ColumnType, ColumnType, Bool)] {
      #expect(narrow.isWidened(as: wide) == isSo, "\(narrow.name) as \(wide.name)")
      if isSo { #expect(narrow.isReadable(as: wide)) }
    }
    for type in Self.types {
      #expect(type.isReadable(as: type) && !type.isWidened(as: .string))
    }
  }

  @Test func valuesKeepTheirMeaning() {
    func widened(_ values: [Int64], _ type: ColumnType, _ wide: ColumnType) -> Column {
      var column = Column(type: type, storage: .integers(values))
      let isDone = column.widen(to: wide)
      #expect(isDone)
      #expect(column.type == wide)
      return column
    }
    if case .doubles(let values) = widened([-3, 7], .int, .double).storage {
      #expect(values == [-3, 7])
    } else {
      Issue.record("no doubles")
    }
    let local = ColumnType.timestamp(.microseconds, isUTC: false)
    if case .integers(let values) = widened([-1, 19_724], .date, local).storage {
      #expect(values == [-86_400_000_000, 19_724 * 86_400_000_000])
    } else {
      Issue.record("no times")
    }
    let (small, large) = (
      ColumnType.decimal(precision: 5, scale: 2), ColumnType.decimal(precision: 38, scale: 30)
    )
    if case .wide(let values) = widened([-123], small, large).storage {
      #expect(values == [-123 * 10_000_000_000_000_000_000_000_000_000])
    } else {
      Issue.record("no wide decimals")
    }
  }

  @Test func aValueBeyondItsOwnTypeIsRefusedUnlessItIsNull() {
    // A file may hold what its type does not allow.
    let (small, large) = (
      ColumnType.decimal(precision: 2, scale: 0), ColumnType.decimal(precision: 18, scale: 16)
    )
    let values: [Int64] = [1, .max]
    var column = Column(type: small, storage: .integers(values))
    var isDone = column.widen(to: large)
    #expect(!isDone && column.type == small)
    column.validity = [1, 0]
    isDone = column.widen(to: large)
    #expect(isDone && column.type == large)
    #expect(column.nullCount == 1)
  }
}
