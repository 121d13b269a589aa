import CYAML

/// Reads one YAML document into a tree, over libyaml.
///
/// Anchors, aliases and tags are refused: with them, a small file can expand to a huge tree.
struct YAMLParser: ~Copyable {
  static let byteCountMax = 1 << 20
  static let nodeCountMax = 100_000
  static let depthMax = 32

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let path: String?
  private var nodeCount = 0

  /// Reads `text`; `path` is for messages only. An empty document is an empty mapping.
  static func parse(_ text: String, path: String?) throws(CatalogError) -> YAMLNode {
    let bytes = Array(text.utf8)
    guard bytes.count <= byteCountMax else {
      throw CatalogError(
        .badYAML, "file has \(bytes.count) bytes, at most \(byteCountMax) are read",
        place: .init(path: path))
    }
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<YAMLNode, CatalogError> in
      do throws(CatalogError) {
        var parser = try YAMLParser(buffer, path: path)
        return .success(try parser.document())
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private init(_ bytes: UnsafeBufferPointer<UInt8>, path: String?) throws(CatalogError) {
    parser = .allocate(capacity: 1)
    self.path = path
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw CatalogError(.badYAML, "no memory to read YAML", place: .init(path: path))
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  private enum Event {
    case scalar(String, isPlain: Bool)
    case sequenceStart, mappingStart, end, streamEnd, other
  }

  private mutating func document() throws(CatalogError) -> YAMLNode {
    var root: YAMLNode?
    while true {
      let (event, line) = try next()
      switch event {
      case .streamEnd:
        return root ?? YAMLNode(content: .mapping([]), line: 1)
      case .other, .end:
        continue
      case .scalar, .sequenceStart, .mappingStart:
        if root != nil { throw error("a second document begins, expected one", line) }
        let node = try self.node(event, line, depth: 0)
        root = node.isNull ? YAMLNode(content: .mapping([]), line: line) : node
      }
    }
  }

  private mutating func node(_ event: Event, _ line: Int, depth: Int) throws(CatalogError)
    -> YAMLNode
  {
    nodeCount += 1
    if nodeCount > Self.nodeCountMax { throw error("more than \(Self.nodeCountMax) values", line) }
    if depth > Self.depthMax { throw error("nested deeper than \(Self.depthMax)", line) }
    switch event {
    case .scalar(let text, let isPlain):
      return YAMLNode(content: .scalar(text, isPlain: isPlain), line: line)
    case .sequenceStart:
      var items: [YAMLNode] = []
      while true {
        let (event, itemLine) = try next()
        if case .end = event { return YAMLNode(content: .sequence(items), line: line) }
        items.append(try node(event, itemLine, depth: depth + 1))
      }
    case .mappingStart:
      return YAMLNode(content: .mapping(try entries(depth: depth)), line: line)
    case .end, .streamEnd, .other:
      throw error("unexpected end", line)
    }
  }

  private mutating func entries(depth: Int) throws(CatalogError) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var lines: [String: Int] = [:]
    while true {
      let (event, line) = try next()
      if case .end = event { return entries }
      guard case .scalar(let key, _) = event else { throw error("a key must be one word", line) }
      if let earlier = lines[key] {
        throw error("key '\(key)' stands twice, first in line \(earlier)", line)
      }
      lines[key] = line
      let (valueEvent, valueLine) = try next()
      let value = try node(valueEvent, valueLine, depth: depth + 1)
      entries.append(YAMLNode.Entry(key: key, keyLine: line, value: value))
    }
  }

  private mutating func next() throws(CatalogError) -> (Event, line: Int) {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&event) }
    let line = Int(event.start_mark.line) + 1
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      if scalar.anchor != nil || scalar.tag != nil { throw unsupported(line) }
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return (
        .scalar(
          String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
        line
      )
    case YAML_SEQUENCE_START_EVENT:
      if event.data.sequence_start.anchor != nil || event.data.sequence_start.tag != nil {
        throw unsupported(line)
      }
      return (.sequenceStart, line)
    case YAML_MAPPING_START_EVENT:
      if event.data.mapping_start.anchor != nil || event.data.mapping_start.tag != nil {
        throw unsupported(line)
      }
      return (.mappingStart, line)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return (.end, line)
    case YAML_ALIAS_EVENT: throw unsupported(line)
    case YAML_STREAM_END_EVENT: return (.streamEnd, line)
    default: return (.other, line)
    }
  }

  private func unsupported(_ line: Int) -> CatalogError {
    error("anchors (&), aliases (*) and tags (!) are not read here", line)
  }

  private func error(_ message: String, _ line: Int) -> CatalogError {
    CatalogError(.badYAML, message, place: .init(path: path, line: line))
  }

  private func syntaxError() -> CatalogError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
    let context = parser.pointee.context.map { " " + String(cString: $0) } ?? ""
    let mark = parser.pointee.problem_mark
    return CatalogError(
      .badYAML, "not YAML: " + problem + context,
      place: .init(path: path, line: Int(mark.line) + 1, column: Int(mark.column) + 1),
      remedy: "check the indentation (spaces, no tabs) and the quotes around this line")
  }
}
