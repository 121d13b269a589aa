import Columnar
import Databento
import Testing

@testable import Catalog

/// Schemas define meaning, code defines wire formats: the two are compared here.
@Suite struct VendorFieldsTests {
  @Test(arguments: RecordKind.allCases)
  func everyFieldOfEveryVersionHasOneColumn(kind: RecordKind) throws {
    let schema = try TableSchema.named(kind.rawValue)
    var sources: Set<String> = []
    for version in 1...DBNFields.versionMax {
      for field in DBNFields.fields(kind, version: version) where field.name != "rtype" {
        sources.insert(field.name)
        let columns = schema.columns.filter { $0.source == field.name }
        #expect(columns.count == 1, "\(kind.rawValue) v\(version): \(field.name)")
        guard let column = columns.first else { continue }
        #expect(
          holds(column, field), "\(kind.rawValue) v\(version): \(field.name) in \(column.type.name)"
        )
      }
    }
    for column in schema.columns {
      guard let source = column.source else { continue }
      #expect(sources.contains(source), "\(kind.rawValue): \(column.name) from \(source)")
    }
  }

  /// Whether every value of the field can be stored in the column.
  private func holds(_ column: SchemaColumn, _ field: DBNField) -> Bool {
    if field.isTimestamp { return column.type == .timestamp }
    if field.isPrice {
      guard case .decimal(let precision, 9) = column.type else { return false }
      return precision >= 18
    }
    switch field.form {
    case .int8, .uint8: return [.short, .string].contains(column.type)
    case .int16: return column.type == .short
    case .uint16: return column.type == .int
    case .int32: return [.int, .long].contains(column.type)
    case .uint32, .int64, .uint64: return column.type == .long
    default: return column.type == .string
    }
  }

  @Test func rowsOfTicksKeepTheirOrder() throws {
    for kind in ["mbo", "trades", "mbp-1", "mbp-10", "tbbo", "bbo-1s", "bbo-1m", "cmbp-1", "cbbo"] {
      let schema = try TableSchema.named(kind)
      #expect(schema.column(named: "source_ordinal") != nil, "\(kind)")
      #expect(schema.sortColumns.last == "source_ordinal", "\(kind)")
      #expect(schema.keyColumns.isEmpty, "\(kind)")
      #expect(schema.indexColumn == "ts_recv", "\(kind)")
    }
    for kind in ["ohlcv-1s", "definition"] {
      #expect(try !TableSchema.named(kind).keyColumns.isEmpty, "\(kind)")
    }
  }

  @Test func requiredColumnsAreThoseOfTheDesign() throws {
    func required(_ kind: String) throws -> [String] {
      try TableSchema.named(kind).columns.filter(\.isRequired).map(\.name)
    }
    #expect(try required("trades") == ["symbol", "ts_recv", "instrument_id", "price", "size"])
    #expect(try required("tbbo") == ["symbol", "ts_recv", "instrument_id"])
    #expect(try required("ohlcv-1s") == ["symbol", "ts_event", "open", "high", "low", "close"])
  }
}
