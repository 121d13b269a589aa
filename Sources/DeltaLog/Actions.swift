import JSON

/// One line of a commit.
///
/// - Spec: Delta PROTOCOL.md, "Actions".
public enum Action: Hashable, Sendable {
  case add(AddFile)
  case remove(RemoveFile)
  case metadata(TableMetadata)
  case `protocol`(TableProtocol)
  case txn(TxnAction)
  case commitInfo(CommitInfo)
  case domainMetadata(DomainMetadata)
  /// A file of the change data feed; it is no part of a snapshot.
  case changeData(JSONValue)
  /// An action this version does not know, as it stands. The protocol says to pass it over.
  case unknown(JSONValue)
}

/// A data file that no longer belongs to the table: a tombstone.
public struct RemoveFile: Hashable, Sendable {
  /// As the log has it: relative to the table or a URI, percent-encoded.
  public var path: String
  /// Milliseconds since 1970 UTC.
  public var deletionTimestamp: Int64?
  /// Whether the table's rows change by it.
  public var dataChange: Bool
  /// nil where the writer did not say.
  public var partitionValues: [String: String?]?
  /// The file's bytes.
  public var size: Int64?
  /// What the writer says of the file.
  public var tags: [String: String]
  /// Which deletion vector the file had; nil for none.
  public var deletionVectorID: String?

  /// The removal of a file.
  public init(
    path: String, deletionTimestamp: Int64?, dataChange: Bool = true,
    partitionValues: [String: String?]? = nil, size: Int64? = nil, tags: [String: String] = [:]
  ) {
    self.path = path
    self.deletionTimestamp = deletionTimestamp
    self.dataChange = dataChange
    self.partitionValues = partitionValues
    self.size = size
    self.tags = tags
  }

  /// The tombstone of a live file.
  ///
  /// - Parameter time: Milliseconds since 1970 UTC.
  public init(removing file: AddFile, at time: Int64, dataChange: Bool = true) {
    self.init(
      path: file.path, deletionTimestamp: time, dataChange: dataChange,
      partitionValues: file.partitionValues, size: file.size, tags: file.tags)
    deletionVectorID = file.deletionVectorID
  }

  /// The path, decoded.
  public var filePath: String { DataPath.decoded(path) }
}

/// What a table is: `metaData` in the log.
///
/// - Spec: Delta PROTOCOL.md, "Change Metadata".
public struct TableMetadata: Hashable, Sendable {
  /// The table's own, for ever.
  public var id: String
  /// What people call it.
  public var name: String?
  /// What it is.
  public var description: String?
  /// Always `parquet`.
  public var formatProvider: String
  /// Options of the format; none are known.
  public var formatOptions: [String: String]
  /// The schema as JSON.
  public var schemaString: String
  /// The columns whose values name folders, in order.
  public var partitionColumns: [String]
  /// Table properties.
  public var configuration: [String: String]
  /// Milliseconds since 1970 UTC.
  public var createdTime: Int64?

  /// A table's description.
  public init(
    id: String, name: String? = nil, description: String? = nil, schemaString: String,
    partitionColumns: [String] = [], configuration: [String: String] = [:],
    createdTime: Int64? = nil
  ) {
    self.id = id
    self.name = name
    self.description = description
    formatProvider = "parquet"
    formatOptions = [:]
    self.schemaString = schemaString
    self.partitionColumns = partitionColumns
    self.configuration = configuration
    self.createdTime = createdTime
  }
}

/// What a client must be able to do to use the table: `protocol` in the log.
///
/// - Spec: Delta PROTOCOL.md, "Protocol Evolution".
public struct TableProtocol: Hashable, Sendable {
  /// What a reader must implement at least.
  public var minReaderVersion: Int
  /// What a writer must implement at least.
  public var minWriterVersion: Int
  /// What a reader must know, from reader version 3.
  public var readerFeatures: [String]?
  /// What a writer must know, from writer version 7.
  public var writerFeatures: [String]?

  /// What is needed to read and write a table.
  public init(
    minReaderVersion: Int = 1, minWriterVersion: Int = 2, readerFeatures: [String]? = nil,
    writerFeatures: [String]? = nil
  ) {
    self.minReaderVersion = minReaderVersion
    self.minWriterVersion = minWriterVersion
    self.readerFeatures = readerFeatures
    self.writerFeatures = writerFeatures
  }

  /// The protocol of every table that `lake` makes.
  public static let lake = TableProtocol()
}

/// The progress of an application: what makes its commits happen once.
///
/// - Spec: Delta PROTOCOL.md, "Transaction Identifiers".
public struct TxnAction: Hashable, Sendable {
  /// The application's own name.
  public var appId: String
  /// The application's own count.
  public var version: Int64
  /// Milliseconds since 1970 UTC.
  public var lastUpdated: Int64?

  /// How far an application has come.
  public init(appId: String, version: Int64, lastUpdated: Int64? = nil) {
    self.appId = appId
    self.version = version
    self.lastUpdated = lastUpdated
  }

  /// What the application ids of `lake` begin with.
  static let ownPrefix = "lake/"

  /// Whether `lake` wrote the id: only then is its rule for versions known.
  public var isOwn: Bool { appId.hasPrefix(Self.ownPrefix) }

  /// Whether the action takes its application back: what it brought is no longer in the table.
  ///
  /// The protocol has no action that removes an application. `lake` counts from 1, and so version 0 of
  /// one of its ids says that it is not in; a snapshot then does not have it. Other writers count from 0.
  public var isWithdrawn: Bool { version <= 0 && isOwn }
}

/// Where a commit came from: history for people.
public struct CommitInfo: Hashable, Sendable {
  /// All that was said.
  public var json: JSONValue

  /// What a commit says of itself.
  public init(_ json: JSONValue) { self.json = json }

  /// Milliseconds since 1970 UTC, by the writer's clock.
  public var timestamp: Int64? { json["timestamp"]?.int64 }
  /// The commit's time, in milliseconds since 1970 UTC, where the table has such.
  public var inCommitTimestamp: Int64? { json["inCommitTimestamp"]?.int64 }
  /// Like `WRITE`.
  public var operation: String? { json["operation"]?.string }
  /// The program that committed.
  public var engineInfo: String? { json["engineInfo"]?.string }
  /// The writer's own name for the commit.
  public var txnId: String? { json["txnId"]?.string }
  /// The version that the writer had read.
  public var readVersion: Int64? { json["readVersion"]?.int64 }
  /// Whether the writer read nothing of the table.
  public var isBlindAppend: Bool? { json["isBlindAppend"]?.boolean }

  /// In the order of the log; values that are no strings as JSON text.
  public var operationParameters: [(name: String, value: String)] {
    (json["operationParameters"]?.object?.members ?? []).map {
      ($0.key, $0.value.string ?? $0.value.description)
    }
  }
}

/// A named piece of configuration that a table feature keeps in the log.
public struct DomainMetadata: Hashable, Sendable {
  /// Whose it is.
  public var domain: String
  /// What it says.
  public var configuration: String
  /// Whether it is withdrawn.
  public var removed: Bool

  /// What the table says in the name of somebody else.
  public init(domain: String, configuration: String, removed: Bool = false) {
    self.domain = domain
    self.configuration = configuration
    self.removed = removed
  }
}
