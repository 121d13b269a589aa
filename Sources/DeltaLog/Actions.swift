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
  public var path: String
  /// Milliseconds since 1970 UTC.
  public var deletionTimestamp: Int64?
  public var dataChange: Bool
  /// nil where the writer did not say.
  public var partitionValues: [String: String?]?
  public var size: Int64?
  public var tags: [String: String]
  public var deletionVectorID: String?

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

  public var filePath: String { DataPath.decoded(path) }
}

/// What a table is: `metaData` in the log.
///
/// - Spec: Delta PROTOCOL.md, "Change Metadata".
public struct TableMetadata: Hashable, Sendable {
  public var id: String
  public var name: String?
  public var description: String?
  public var formatProvider: String
  public var formatOptions: [String: String]
  public var schemaString: String
  public var partitionColumns: [String]
  /// Table properties.
  public var configuration: [String: String]
  public var createdTime: Int64?

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
  public var minReaderVersion: Int
  public var minWriterVersion: Int
  public var readerFeatures: [String]?
  public var writerFeatures: [String]?

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
  public var appId: String
  public var version: Int64
  /// Milliseconds since 1970 UTC.
  public var lastUpdated: Int64?

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
  public var json: JSONValue

  public init(_ json: JSONValue) { self.json = json }

  /// Milliseconds since 1970 UTC, by the writer's clock.
  public var timestamp: Int64? { json["timestamp"]?.int64 }
  public var inCommitTimestamp: Int64? { json["inCommitTimestamp"]?.int64 }
  public var operation: String? { json["operation"]?.string }
  public var engineInfo: String? { json["engineInfo"]?.string }
  public var txnId: String? { json["txnId"]?.string }
  public var readVersion: Int64? { json["readVersion"]?.int64 }
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
  public var domain: String
  public var configuration: String
  public var removed: Bool

  public init(domain: String, configuration: String, removed: Bool = false) {
    self.domain = domain
    self.configuration = configuration
    self.removed = removed
  }
}
