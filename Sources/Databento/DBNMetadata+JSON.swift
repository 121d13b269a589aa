import Columnar
import Market

extension DBNMetadata {
  /// The header as JSON, with the vendor's keys in the vendor's order.
  ///
  /// - Parameter isRaw: Whether to write one line, with numbers as in the file; else indented, with ISO times
  ///   and dates.
  /// - Returns: Text with a final newline.
  public func json(isRaw: Bool) -> String {
    var writer = MetadataJSON(isRaw: isRaw)
    writer.open("{")
    writer.key("version", "\(version)")
    writer.key("dataset", writer.string(dataset))
    writer.key("schema", writer.string(schema?.rawValue))
    writer.key("start", writer.time(start))
    writer.key("end", end.map { writer.time($0) } ?? "null")
    writer.key("limit", writer.string(limit.map { String($0) }))
    writer.key("stype_in", writer.string(stypeIn?.name))
    writer.key("stype_out", writer.string(stypeOut.name))
    writer.key("ts_out", tsOut ? "true" : "false")
    writer.key("symbol_cstr_len", "\(symbolByteCount)")
    for (key, symbols) in [("symbols", symbols), ("partial", partial), ("not_found", notFound)] {
      writer.open(key: key, "[")
      for symbol in symbols { writer.item(writer.string(symbol)) }
      writer.close("]")
    }
    writer.open(key: "mappings", "[")
    for mapping in mappings { writer.mapping(mapping) }
    writer.close("]")
    writer.close("}")
    return writer.text + "\n"
  }
}

private struct MetadataJSON {
  let isRaw: Bool
  var text = ""
  private var depth = 0
  private var isFirst = true

  init(isRaw: Bool) { self.isRaw = isRaw }

  mutating func open(_ bracket: String) {
    text += bracket
    depth += 1
    isFirst = true
  }

  mutating func open(key: String, _ bracket: String) {
    label(key)
    open(bracket)
  }

  mutating func close(_ bracket: String) {
    depth -= 1
    if !isFirst { newLine() }
    text += bracket
    isFirst = false
  }

  mutating func key(_ name: String, _ value: String) {
    label(name)
    text += value
  }

  mutating func item(_ value: String) {
    separate()
    text += value
  }

  mutating func mapping(_ mapping: SymbolMapping) {
    separate()
    open("{")
    key("raw_symbol", string(mapping.rawSymbol))
    open(key: "intervals", "[")
    for interval in mapping.intervals {
      separate()
      open("{")
      key("start_date", date(interval.startDate))
      key("end_date", date(interval.endDate))
      key("symbol", string(interval.symbol))
      close("}")
    }
    close("]")
    close("}")
  }

  private mutating func label(_ name: String) {
    separate()
    text += "\"" + name + "\":" + (isRaw ? "" : " ")
  }

  private mutating func separate() {
    if !isFirst { text += "," }
    newLine()
    isFirst = false
  }

  private mutating func newLine() {
    if !isRaw { text += "\n" + String(repeating: "    ", count: depth) }
  }

  func string(_ value: String?) -> String {
    guard let value else { return "null" }
    let bytes = Array(value.utf8)
    let room = UnsafeMutableRawPointer.allocate(byteCount: bytes.count * 6 + 16, alignment: 8)
    defer { room.deallocate() }
    let count = bytes.withUnsafeBytes { putJSONText($0, room) }
    return String(
      decoding: UnsafeRawBufferPointer(start: room, count: count), as: UTF8.self)
  }

  func time(_ value: UInt64) -> String {
    if isRaw { return "\"\(value)\"" }
    if value == 0 || value == .max { return "null" }
    let room = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
    defer { room.deallocate() }
    var cache = TimestampText()
    cache.put(value, room)
    let bytes = UnsafeRawBufferPointer(start: room, count: TimestampText.byteCount)
    return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
  }

  private func date(_ date: CivilDate) -> String {
    let (year, month, day) = date.components
    return isRaw ? "\(year * 10_000 + month * 100 + day)" : "\"\(date.iso)\""
  }
}
