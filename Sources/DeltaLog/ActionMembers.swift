import JSON

// The rarer actions, from their JSON. A missing or mistyped required member is an error; unknown members are
// ignored, as the protocol demands.

extension JSONValue {
  fileprivate func required<T>(
    _ member: String, _ action: String, _ offset: Int, _ read: (JSONValue) -> T?
  ) throws(JSONError) -> T {
    guard let value = self[member], let result = read(value) else {
      let what = self[member].map { "is \($0.description.prefix(40))" } ?? "is missing"
      throw JSONError(
        code: .type, message: "'\(member)' of '\(action)' \(what)", offset: offset)
    }
    return result
  }

  /// A map of strings; nulls are left out. nil if this is anything else.
  fileprivate var stringMap: [String: String]? {
    guard let object else { return nil }
    var map: [String: String] = [:]
    for member in object.members where !member.value.isNull {
      guard let text = member.value.string else { return nil }
      map[member.key] = text
    }
    return map
  }

  fileprivate var strings: [String]? {
    guard let array else { return nil }
    let texts = array.compactMap(\.string)
    return texts.count == array.count ? texts : nil
  }
}

extension TableMetadata {
  init(_ json: JSONValue, _ offset: Int) throws(JSONError) {
    let action = "metaData"
    self.init(
      id: try json.required("id", action, offset) { $0.string },
      name: json["name"]?.string, description: json["description"]?.string,
      // Delta Live Tables' first metadata has none: only the newest metadata needs it.
      schemaString: json["schemaString"].map { $0.isNull } ?? true
        ? "" : try json.required("schemaString", action, offset) { $0.string },
      partitionColumns: try json.required("partitionColumns", action, offset) { $0.strings },
      configuration: json["configuration"]?.stringMap ?? [:],
      createdTime: json["createdTime"]?.int64)
    formatProvider = json["format"]?["provider"]?.string ?? "parquet"
    formatOptions = json["format"]?["options"]?.stringMap ?? [:]
  }
}

extension TableProtocol {
  init(_ json: JSONValue, _ offset: Int) throws(JSONError) {
    func version(_ member: String) throws(JSONError) -> Int {
      try json.required(member, "protocol", offset) { value in
        value.int64.flatMap { (0...1_000_000).contains($0) ? Int($0) : nil }
      }
    }
    func features(_ member: String) throws(JSONError) -> [String]? {
      guard let value = json[member], !value.isNull else { return nil }
      return try json.required(member, "protocol", offset) { $0.strings }
    }
    self.init(
      minReaderVersion: try version("minReaderVersion"),
      minWriterVersion: try version("minWriterVersion"),
      readerFeatures: try features("readerFeatures"),
      writerFeatures: try features("writerFeatures"))
  }
}

extension TxnAction {
  init(_ json: JSONValue, _ offset: Int) throws(JSONError) {
    self.init(
      appId: try json.required("appId", "txn", offset) { $0.string },
      version: try json.required("version", "txn", offset) { $0.int64 },
      lastUpdated: json["lastUpdated"]?.int64)
  }
}

extension DomainMetadata {
  init(_ json: JSONValue, _ offset: Int) throws(JSONError) {
    self.init(
      domain: try json.required("domain", "domainMetadata", offset) { $0.string },
      configuration: json["configuration"]?.string ?? "",
      removed: json["removed"]?.boolean ?? false)
  }
}
