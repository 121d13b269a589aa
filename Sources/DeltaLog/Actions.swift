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
  /// A file of the change data feed; not part of a snapshot.
  case changeData(JSONValue)
  /// An action that this version does not know, as written. The protocol says to ignore it.
  case unknown(JSONValue)
}

/// A data file that no longer belongs to the table: a tombstone.
public struct RemoveFile: Hashable, Sendable {
  /// As in the log: relative to the table or a URI, percent-encoded.
  public var path: String
  /// Milliseconds since 1970 UTC.
  public var deletionTimestamp: Int64?
  /// Whether it changes the table's rows.
  public var dataChange: Bool
  /// nil if the writer left it out.
  public var partitionValues: [String: String?]?
  /// Size of the file.
  public var size: Int64?
  /// The file's tags.
  public var tags: [String: String]
  /// The deletion vector that the file had; nil for none.
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
  /// The table's unique id, which never changes.
  public var id: String
  /// A name for people.
  public var name: String?
  /// A description for people.
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

/// What a client must support to use the table: `protocol` in the log.
///
/// - Spec: Delta PROTOCOL.md, "Protocol Evolution".
public struct TableProtocol: Hashable, Sendable {
  /// The reader version that is required.
  public var minReaderVersion: Int
  /// The writer version that is required.
  public var minWriterVersion: Int
  /// Features that a reader must support, from reader version 3.
  public var readerFeatures: [String]?
  /// Features that a writer must support, from writer version 7.
  public var writerFeatures: [String]?

  /// Versions and features that a client must support.
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

/// The progress of an application, by which its commits happen only once.
///
/// - Spec: Delta PROTOCOL.md, "Transaction Identifiers".
public struct TxnAction: Hashable, Sendable {
  /// The application's id.
  public var appId: String
  /// The application's own counter.
  public var version: Int64
  /// Milliseconds since 1970 UTC.
  public var lastUpdated: Int64?

  /// An application's progress.
  public init(appId: String, version: Int64, lastUpdated: Int64? = nil) {
    self.appId = appId
    self.version = version
    self.lastUpdated = lastUpdated
  }

  /// Prefix of `lake`'s application ids.
  static let ownPrefix = "lake/"

  /// Whether it is an id of `lake`: only then is its rule for versions known.
  public var isOwn: Bool { appId.hasPrefix(Self.ownPrefix) }

  /// Whether the action withdraws its application: what it brought is no longer in the table.
  ///
  /// The protocol has no action that removes an application. `lake` counts from 1, so version 0 of one of its
  /// ids means that it is withdrawn, and a snapshot does not have it. Other writers may count from 0.
  public var isWithdrawn: Bool { version <= 0 && isOwn }
}

/// Where a commit came from: history for people.
public struct CommitInfo: Hashable, Sendable {
  /// All members.
  public var json: JSONValue

  /// The provenance of a commit.
  public init(_ json: JSONValue) { self.json = json }

  /// Milliseconds since 1970 UTC, by the writer's clock.
  public var timestamp: Int64? { json["timestamp"]?.int64 }
  /// The commit's time in milliseconds since 1970 UTC, if the table records it.
  public var inCommitTimestamp: Int64? { json["inCommitTimestamp"]?.int64 }
  /// Like `WRITE`.
  public var operation: String? { json["operation"]?.string }
  /// The program that committed.
  public var engineInfo: String? { json["engineInfo"]?.string }
  /// The writer's unique id for the commit.
  public var txnId: String? { json["txnId"]?.string }
  /// The version that the writer had read.
  public var readVersion: Int64? { json["readVersion"]?.int64 }
  /// Whether the writer read nothing from the table.
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
  /// The owner of the configuration.
  public var domain: String
  /// The configuration, in the owner's format.
  public var configuration: String
  /// Whether it is removed.
  public var removed: Bool

  /// Configuration of one domain.
  public init(domain: String, configuration: String, removed: Bool = false) {
    self.domain = domain
    self.configuration = configuration
    self.removed = removed
  }
}
