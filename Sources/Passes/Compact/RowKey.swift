import Catalog
import Columnar
import DeltaLog
import Platform
import Tables

/// The columns of a table that make a row another one.
struct RowKey {
  let columns: Set<String>
  /// The order in which rows with one key stand together.
  let order: SortOrder

  /// - Parameters:
  ///   - schema: nil where another program made the table.
  ///   - fields: Columns of a data file.
  ///   - given: Names that the user gave.
  /// - Throws: Where the table's rows have no key, or the names are not of its columns.
  init(
    _ snapshot: Snapshot, schema: TableSchema?, fields: [Field], given: [String], place: String
  ) throws {
    if let pass = snapshot.configuration[TableProperty.pass] {
      throw PassError(
        .input, "the table is made by '\(pass)', which makes every row once", place: place,
        remedy: "lake run makes it anew where it is not what its inputs say")
    }
    if let schema {
      guard !schema.keyColumns.isEmpty else {
        throw PassError(
          .input, "rows of '\(schema.kind)' have no key: equal ones are events of their own",
          place: place, remedy: "lake compact without --dedup merges the files and keeps all rows")
      }
      guard given.isEmpty else {
        throw PassError(
          .usage,
          "the key of '\(schema.kind)' is \(schema.keyColumns.joined(separator: ", ")), as its schema says",
          place: place, remedy: "leave --key out")
      }
      columns = Set(schema.keyColumns)
      order = SortOrder(schema, fields: fields)
    } else {
      columns = Set(given).subtracting(snapshot.partitionColumns)
      // Rows of one partition agree in what it is partitioned by.
      let given = given.filter { !snapshot.partitionColumns.contains($0) }
      order = try Self.order(of: given, fields: fields, place: place)
    }
  }

  /// The first columns of a key, as far as rows can be sorted by them.
  private static func order(of names: [String], fields: [Field], place: String) throws -> SortOrder
  {
    guard !names.isEmpty else {
      throw PassError(
        .usage, "another program made the table: nothing says which rows are one", place: place,
        remedy: "--key symbol,ts_event: the columns that make a row another one")
    }
    let types = Dictionary(fields.map { ($0.name, $0.type) }, uniquingKeysWith: { $1 })
    let unknown = names.filter { types[$0] == nil }
    guard unknown.isEmpty else {
      throw PassError(
        .usage, "the table's files have no column '\(unknown.joined(separator: "', '"))'",
        place: place,
        remedy: NearestNames.question(unknown[0], among: fields.map(\.name))
          ?? "its columns: \(fields.map(\.name).joined(separator: ", "))")
    }
    var rest = names[...]
    var text: String?
    if let first = rest.first, types[first]?.storage == .bytes {
      text = first
      rest = rest.dropFirst()
    }
    var numbers: [Field] = []
    for name in rest {
      guard let type = types[name], type.storage == .integers else { break }
      numbers.append(Field(name, type))
      let remainder = name + RemainderColumns.suffix
      if case .timestamp = type, let part = types[remainder], part.storage == .integers {
        numbers.append(Field(remainder, part))
      }
    }
    guard text != nil || !numbers.isEmpty else {
      throw PassError(
        .usage, "rows cannot be put in order by '\(names[0])'", place: place,
        remedy: "begin --key with a column of texts, whole numbers, dates or times")
    }
    return SortOrder(text: text, numbers: numbers)
  }
}
