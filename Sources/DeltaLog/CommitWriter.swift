import JSON

/// Writes actions as the lines of a commit.
package enum CommitWriter {
  /// The bytes of a commit with these actions, in their order.
  package static func bytes(of actions: [Action]) -> [UInt8] {
    var writer = JSONWriter()
    for action in actions {
      write(action, to: &writer)
      writer.newline()
    }
    return writer.bytes
  }

  private static func write(_ action: Action, to writer: inout JSONWriter) {
    writer.beginObject()
    switch action {
    case .add(let file):
      writer.key("add")
      write(file, to: &writer)
    case .remove(let file):
      writer.key("remove")
      write(file, to: &writer)
    case .metadata(let metadata):
      writer.key("metaData")
      write(metadata, to: &writer)
    case .protocol(let table):
      writer.key("protocol")
      write(table, to: &writer)
    case .txn(let txn):
      writer.key("txn")
      writer.beginObject()
      writer.key("appId")
      writer.string(txn.appId)
      writer.key("version")
      writer.integer(txn.version)
      if let time = txn.lastUpdated {
        writer.key("lastUpdated")
        writer.integer(time)
      }
      writer.endObject()
    case .commitInfo(let info):
      writer.key("commitInfo")
      writer.value(info.json)
    case .domainMetadata(let domain):
      writer.key("domainMetadata")
      writer.beginObject()
      writer.key("domain")
      writer.string(domain.domain)
      writer.key("configuration")
      writer.string(domain.configuration)
      writer.key("removed")
      writer.boolean(domain.removed)
      writer.endObject()
    case .changeData(let value):
      writer.key("cdc")
      writer.value(value)
    case .unknown(let value):
      for member in value.object?.members ?? [] {
        writer.key(member.key)
        writer.value(member.value)
      }
    }
    writer.endObject()
  }

  private static func write(_ file: AddFile, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("path")
    writer.string(file.path)
    writer.key("partitionValues")
    write(file.partitionValues, to: &writer)
    writer.key("size")
    writer.integer(file.size)
    writer.key("modificationTime")
    writer.integer(file.modificationTime)
    writer.key("dataChange")
    writer.boolean(file.dataChange)
    if let stats = file.stats {
      writer.key("stats")
      writer.string(stats)
    }
    if !file.tags.isEmpty {
      writer.key("tags")
      write(file.tags, to: &writer)
    }
    writer.endObject()
  }

  private static func write(_ file: RemoveFile, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("path")
    writer.string(file.path)
    if let time = file.deletionTimestamp {
      writer.key("deletionTimestamp")
      writer.integer(time)
    }
    writer.key("dataChange")
    writer.boolean(file.dataChange)
    if file.partitionValues != nil, file.size != nil {
      writer.key("extendedFileMetadata")
      writer.boolean(true)
    }
    if let values = file.partitionValues {
      writer.key("partitionValues")
      write(values, to: &writer)
    }
    if let size = file.size {
      writer.key("size")
      writer.integer(size)
    }
    if !file.tags.isEmpty {
      writer.key("tags")
      write(file.tags, to: &writer)
    }
    writer.endObject()
  }

  private static func write(_ metadata: TableMetadata, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("id")
    writer.string(metadata.id)
    if let name = metadata.name {
      writer.key("name")
      writer.string(name)
    }
    if let description = metadata.description {
      writer.key("description")
      writer.string(description)
    }
    writer.key("format")
    writer.beginObject()
    writer.key("provider")
    writer.string(metadata.formatProvider)
    writer.key("options")
    write(metadata.formatOptions, to: &writer)
    writer.endObject()
    writer.key("schemaString")
    writer.string(metadata.schemaString)
    writer.key("partitionColumns")
    writer.value(.array(metadata.partitionColumns.map { .string($0) }))
    writer.key("configuration")
    write(metadata.configuration, to: &writer)
    if let time = metadata.createdTime {
      writer.key("createdTime")
      writer.integer(time)
    }
    writer.endObject()
  }

  private static func write(_ table: TableProtocol, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("minReaderVersion")
    writer.integer(table.minReaderVersion)
    writer.key("minWriterVersion")
    writer.integer(table.minWriterVersion)
    if let features = table.readerFeatures {
      writer.key("readerFeatures")
      writer.value(.array(features.map { .string($0) }))
    }
    if let features = table.writerFeatures {
      writer.key("writerFeatures")
      writer.value(.array(features.map { .string($0) }))
    }
    writer.endObject()
  }

  // Maps are written in key order, so that equal commits have equal bytes.

  private static func write(_ map: [String: String], to writer: inout JSONWriter) {
    writer.beginObject()
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      writer.key(key)
      writer.string(value)
    }
    writer.endObject()
  }

  private static func write(_ map: [String: String?], to writer: inout JSONWriter) {
    writer.beginObject()
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      writer.key(key)
      if let value { writer.string(value) } else { writer.null() }
    }
    writer.endObject()
  }
}
