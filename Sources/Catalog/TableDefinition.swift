import Columnar
import DeltaLog
import JSON
import Market
import Storage

/// The definition of a new table.
public struct TableDefinition: Sendable {
  /// Of a table that may not exist yet.
  public let name: TableName
  /// The schema in the layer of `name`.
  public let schema: TableSchema
  /// The description in the table's metadata.
  public let description: String
  /// All properties of the new table, including Delta's own.
  public let configuration: [String: String]

  /// - Parameters:
  ///   - schema: The record kind, with the table's period; columns for raw tables only are left out in other
  ///     layers.
  ///     layers.
  ///   - timezone: Zone of the partition dates.
  ///   - properties: Further table properties, like a pass and its parameters.
  public init(
    _ name: TableName, schema: TableSchema, timezone: String = "UTC", dataset: String? = nil,
    description: String? = nil, properties: [String: String] = [:]
  ) {
    self.name = name
    self.schema = schema.forLayer(name.layer)
    self.description = description ?? schema.description
    var configuration = properties
    configuration.merge(TableProperty.retention) { $1 }
    configuration[TableProperty.schema] = schema.kind
    configuration[TableProperty.index] = schema.indexColumn
    configuration[TableProperty.partitionTimezone] = timezone
    // A table without the property is by date, as all once were.
    configuration[TableProperty.partitionPeriod] =
      schema.period == .date ? nil : schema.period.rawValue
    configuration[TableProperty.dataset] = dataset
    configuration[TableProperty.statisticsColumns] =
      self.schema.statisticsColumns.joined(separator: ",")
    self.configuration = configuration
  }

  /// The same definition with another partition period.
  public func partitioned(by period: PartitionPeriod) -> TableDefinition {
    var properties = configuration
    properties[TableProperty.partitionPeriod] = nil
    return TableDefinition(
      name, schema: schema.partitioned(by: period),
      timezone: configuration[TableProperty.partitionTimezone] ?? "UTC",
      dataset: configuration[TableProperty.dataset], description: description,
      properties: properties)
  }

  /// Columns as declared in the log: all nullable, each with its meaning as a comment.
  public func deltaSchema() throws(DeltaError) -> DeltaSchema {
    var declared = try DeltaSchema(schema.tableFields)
    for index in declared.fields.indices {
      let name = declared.fields[index].name
      let isDate = name == TableSchema.dateColumn && schema.period != .date
      guard
        let meaning = isDate
          ? "The date of \(schema.indexColumn)." : schema.column(named: name)?.description
      else { continue }
      declared.fields[index].metadata["comment"] = .string(meaning)
    }
    return declared
  }

  /// A transaction that makes the table; files may be added to it before it is committed.
  public func transaction(on storage: any TableStorage) throws(DeltaError) -> Transaction {
    var transaction = Transaction(snapshot: nil, storage: storage)
    transaction.create(
      schema: try deltaSchema(), partitionColumns: [schema.partitionColumn],
      configuration: configuration, name: name.description, description: description)
    return transaction
  }
}

/// Settings of a table beside its record kind.
public struct TableSetting: Hashable, Sendable {
  /// Zone of its partition dates.
  public var timeZone: String
  /// Further table properties.
  public var properties: [String: String]

  /// - Parameter timeZone: Zone of the partition dates.
  public init(timeZone: String = "UTC", properties: [String: String] = [:]) {
    self.timeZone = timeZone
    self.properties = properties
  }
}
