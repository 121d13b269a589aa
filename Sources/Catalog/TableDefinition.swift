import Columnar
import DeltaLog
import JSON
import Storage

/// A table that is to be made.
public struct TableDefinition: Sendable {
  public let name: TableName
  /// As the layer of `name` has it.
  public let schema: TableSchema
  public let description: String
  public let configuration: [String: String]

  /// - Parameters:
  ///   - schema: The record kind; columns that only raw tables have are left out in other layers.
  ///   - timezone: Zone in which partition dates are reckoned.
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
    configuration[TableProperty.dataset] = dataset
    configuration[TableProperty.statisticsColumns] =
      self.schema.statisticsColumns.joined(separator: ",")
    self.configuration = configuration
  }

  /// Columns as the log declares them: all may be null, each with its meaning as a comment.
  public func deltaSchema() throws(DeltaError) -> DeltaSchema {
    var declared = try DeltaSchema(schema.tableFields)
    for index in declared.fields.indices {
      guard let column = schema.column(named: declared.fields[index].name) else { continue }
      declared.fields[index].metadata["comment"] = .string(column.description)
    }
    return declared
  }

  /// A transaction that makes the table; files may be added to it before it is committed.
  public func transaction(on storage: any TableStorage) throws(DeltaError) -> Transaction {
    var transaction = Transaction(snapshot: nil, storage: storage)
    transaction.create(
      schema: try deltaSchema(), partitionColumns: [TableSchema.partitionColumn],
      configuration: configuration, name: name.description, description: description)
    return transaction
  }
}

/// What a table is made with, beside its record kind.
public struct TableSetting: Hashable, Sendable {
  /// Zone of its partition dates.
  public var timeZone: String
  /// Further table properties.
  public var properties: [String: String]

  public init(timeZone: String = "UTC", properties: [String: String] = [:]) {
    self.timeZone = timeZone
    self.properties = properties
  }
}
