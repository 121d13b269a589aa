/// A JSON value as a tree. Objects keep the order of their members, numbers their digits.
public indirect enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// The number's text in RFC 8259 syntax, never rounded through a double.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// An integer of any width.
  public static func integer(_ value: some FixedWidthInteger) -> JSONValue {
    .number(String(value))
  }

  /// Parses a text that consists of one value.
  public init(
    parsing bytes: UnsafeRawBufferPointer, depthMax: Int = JSONParser.depthMaxDefault
  ) throws(JSONError) {
    var parser = JSONParser(bytes, depthMax: depthMax)
    self = try parser.value()
    try parser.finish()
  }

  /// Parses a text that consists of one value.
  public init(
    parsing bytes: [UInt8], depthMax: Int = JSONParser.depthMaxDefault
  ) throws(JSONError) {
    let result = bytes.withUnsafeBytes { raw -> Result<JSONValue, JSONError> in
      do throws(JSONError) {
        return .success(try JSONValue(parsing: raw, depthMax: depthMax))
      } catch { return .failure(error) }
    }
    self = try result.get()
  }

  /// Parses a text that consists of one value.
  public init(
    parsing text: String, depthMax: Int = JSONParser.depthMaxDefault
  ) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), depthMax: depthMax)
  }

  /// The value of the member `key`; nil if there is none or this is not an object.
  public subscript(_ key: String) -> JSONValue? {
    if case .object(let object) = self { return object[key] }
    return nil
  }

  /// The string; nil for any other type.
  public var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  /// The number's text; nil for any other type.
  public var number: String? {
    if case .number(let value) = self { return value }
    return nil
  }

  /// The number if it has neither fraction nor exponent and fits into 64 bits.
  public var int64: Int64? { number.flatMap { Int64($0) } }

  /// The nearest double: for display and approximate work only.
  public var double: Double? { number.flatMap { Double($0) } }

  /// The boolean; nil for any other type.
  public var boolean: Bool? {
    if case .boolean(let value) = self { return value }
    return nil
  }

  /// The elements; nil for any other type.
  public var array: [JSONValue]? {
    if case .array(let value) = self { return value }
    return nil
  }

  /// The members; nil for any other type.
  public var object: JSONObject? {
    if case .object(let value) = self { return value }
    return nil
  }

  /// Whether this is `null`.
  public var isNull: Bool { self == .null }
}

/// The members of an object in order, with unique keys.
public struct JSONObject: Hashable, Sendable {
  /// A key and its value.
  public struct Member: Hashable, Sendable {
    /// The key, unescaped.
    public var key: String
    /// The value.
    public var value: JSONValue

    /// A member of an object.
    public init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// Objects with more members use the index `positions` for lookups.
  static let linearMax = 16

  /// The members, in order.
  public private(set) var members: [Member] = []
  private var positions: [String: Int] = [:]

  /// An empty object.
  public init() {}

  /// Keeps the order; of duplicate keys, the last value is kept at the first one's position.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (key, value) in members { self[key] = value }
  }

  /// Number of members.
  public var count: Int { members.count }
  /// Whether there are no members.
  public var isEmpty: Bool { members.isEmpty }
  /// The keys, in order.
  public var keys: [String] { members.map(\.key) }

  /// The value of `key`. Setting nil removes it.
  public subscript(_ key: String) -> JSONValue? {
    get { position(key).map { members[$0].value } }
    set {
      if let position = position(key) {
        if let newValue {
          members[position].value = newValue
        } else {
          members.remove(at: position)
          positions = [:]
          indexAll()
        }
      } else if let newValue {
        members.append(Member(key: key, value: newValue))
        if members.count == Self.linearMax + 1 {
          indexAll()
        } else if members.count > Self.linearMax {
          positions[key] = members.count - 1
        }
      }
    }
  }

  private func position(_ key: String) -> Int? {
    if members.count > Self.linearMax { return positions[key] }
    return members.firstIndex { $0.key == key }
  }

  private mutating func indexAll() {
    guard members.count > Self.linearMax else { return }
    for (index, member) in members.enumerated() { positions[member.key] = index }
  }

  /// Compares members and their order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members == right.members
  }

  /// Hashes members and their order.
  public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

extension JSONParser {
  /// Parses the next value as a tree.
  public mutating func value() throws(JSONError) -> JSONValue {
    switch try peek() {
    case .object:
      var object = JSONObject()
      try beginObject()
      while let key = try nextKey() {
        let name = key.string
        object[name] = try value()
      }
      return .object(object)
    case .array:
      var elements: [JSONValue] = []
      try beginArray()
      while try nextElement() { elements.append(try value()) }
      return .array(elements)
    case .string: return .string(try string())
    case .number: return .number(String(decoding: try number(), as: UTF8.self))
    case .boolean: return .boolean(try boolean())
    case .null:
      _ = try skipNull()
      return .null
    case .end: throw truncated()
    }
  }
}
