import Columnar
import Market

extension DBNMetadata {
  /// The header's bytes, including the prelude.
  ///
  /// - Throws: `.unrepresentable` for a symbol or dataset that is not ASCII or too long for this version, and
  ///   for dates outside the years 0…9999.
  public func serialized() throws(DBNError) -> [UInt8] {
    precondition((1...DBNFields.versionMax).contains(version), "the caller chooses the version")
    var writer = MetadataWriter(symbolByteCount: symbolByteCount)
    try writer.text(dataset, Self.datasetByteCount)
    writer.integer(schema?.schemaNumber ?? .max)
    writer.integer(start)
    writer.integer(end ?? .max)
    writer.integer(limit ?? 0)
    if version == 1 { writer.integer(UInt64.max) }
    writer.integer(stypeIn?.rawValue ?? .max)
    writer.integer(stypeOut.rawValue)
    writer.integer(UInt8(tsOut ? 1 : 0))
    if version > 1 {
      guard let width = UInt16(exactly: symbolByteCount) else {
        throw DBNError(.unrepresentable, "a symbol width of \(symbolByteCount) bytes")
      }
      writer.integer(width)
    }
    writer.zeros(version == 1 ? 47 : 53)
    writer.integer(UInt32(0))
    try writer.symbols(symbols)
    try writer.symbols(partial)
    try writer.symbols(notFound)
    try writer.mappings(mappings)
    // Since version 3, records begin at a multiple of eight bytes.
    if version > 2 { writer.zeros((8 - writer.bytes.count % 8) % 8) }
    guard let length = UInt32(exactly: writer.bytes.count) else {
      throw DBNError(.unrepresentable, "metadata of \(writer.bytes.count) bytes")
    }
    var header = Self.magic + [UInt8(version)]
    withUnsafeBytes(of: length.littleEndian) { header.append(contentsOf: $0) }
    return header + writer.bytes
  }
}

private struct MetadataWriter {
  let symbolByteCount: Int
  var bytes: [UInt8] = []

  init(symbolByteCount: Int) { self.symbolByteCount = symbolByteCount }

  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func zeros(_ count: Int) {
    bytes.append(contentsOf: repeatElement(0, count: count))
  }

  mutating func text(_ text: String, _ byteCount: Int) throws(DBNError) {
    guard text.utf8.allSatisfy({ $0 < 0x80 }), text.utf8.count < byteCount else {
      throw DBNError(
        .unrepresentable, "'\(text)' is not ASCII of at most \(byteCount - 1) characters",
        remedy: byteCount == 22 ? "write DBN version 2 or 3, which has longer symbols" : nil)
    }
    bytes.append(contentsOf: text.utf8)
    zeros(byteCount - text.utf8.count)
  }

  mutating func symbols(_ symbols: [String]) throws(DBNError) {
    integer(UInt32(truncatingIfNeeded: symbols.count))
    for symbol in symbols { try text(symbol, symbolByteCount) }
  }

  mutating func mappings(_ mappings: [SymbolMapping]) throws(DBNError) {
    integer(UInt32(truncatingIfNeeded: mappings.count))
    for mapping in mappings {
      try text(mapping.rawSymbol, symbolByteCount)
      integer(UInt32(truncatingIfNeeded: mapping.intervals.count))
      for interval in mapping.intervals {
        try date(interval.startDate)
        try date(interval.endDate)
        try text(interval.symbol, symbolByteCount)
      }
    }
  }

  private mutating func date(_ date: CivilDate) throws(DBNError) {
    let (year, month, day) = date.components
    guard (0...9999).contains(year) else {
      throw DBNError(.unrepresentable, "the date \(date.iso)")
    }
    integer(UInt32(year * 10_000 + month * 100 + day))
  }
}
