// The metadata header. Every count and length is checked against the bytes at hand before memory is allocated
// for it.
//
// Spec: Databento Binary Encoding, "Metadata".

import Bytes
import Columnar
import Market

extension DBNMetadata {
  /// Bytes before the metadata itself: `DBN`, the version, the length.
  public static let preludeByteCount = 8
  /// Longest metadata that is read. A request for every US option takes about 150 MB.
  public static let byteCountMax = 1 << 28
  static let magic: [UInt8] = [0x44, 0x42, 0x4E]
  static let fixedByteCount = 100
  static let datasetByteCount = 16
  /// Widest symbol that is accepted; the format's own is 71.
  static let symbolByteCountMax = 4096

  /// Whether these bytes begin like a DBN file. Fewer than three bytes never do.
  public static func isPrelude(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= magic.count && bytes.prefix(magic.count).elementsEqual(magic)
  }

  /// Parses the prelude: the format's version and the size of the whole header.
  ///
  /// - Parameter bytes: The first bytes of the stream, at least `preludeByteCount` of them.
  public static func parsePrelude(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DBNError) -> (version: Int, byteCount: Int) {
    guard isPrelude(bytes) else {
      throw DBNError(
        .corrupt, "not a DBN file: it does not begin with 'DBN'", at: 0,
        remedy: "for records without a header, give their version with --dbn-version")
    }
    guard bytes.count >= preludeByteCount, let base = bytes.baseAddress else {
      throw DBNError(
        .truncated, "the file ends inside the DBN header, after \(bytes.count) bytes",
        at: bytes.count)
    }
    let version = Int(bytes[3])
    guard (1...DBNFields.versionMax).contains(version) else {
      throw DBNError(
        .unsupported, "DBN version \(version); versions 1 to \(DBNFields.versionMax) are read",
        at: 3)
    }
    let length = Int(base.loadLE(4, as: UInt32.self))
    guard length >= fixedByteCount else {
      throw DBNError(
        .corrupt,
        "metadata length is \(length) bytes; the fixed part alone takes \(fixedByteCount)", at: 4)
    }
    guard length <= byteCountMax else {
      throw DBNError(
        .corrupt, "metadata length is \(length) bytes; at most \(byteCountMax) are read", at: 4)
    }
    return (version, preludeByteCount + length)
  }

  /// Parses the header at the start of `bytes`.
  ///
  /// - Returns: The metadata, and the offset of the first record.
  public static func parse(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DBNError) -> (metadata: DBNMetadata, byteCount: Int) {
    let (version, byteCount) = try parsePrelude(bytes)
    guard bytes.count >= byteCount else {
      throw DBNError(
        .truncated,
        "the file ends inside its metadata: \(byteCount) bytes are announced, \(bytes.count) are"
          + " there", at: bytes.count)
    }
    var cursor = MetadataCursor(
      bytes: UnsafeRawBufferPointer(rebasing: bytes[..<byteCount]), offset: preludeByteCount)
    return (try DBNMetadata(parsing: &cursor, version: version), byteCount)
  }

  private init(parsing cursor: inout MetadataCursor, version: Int) throws(DBNError) {
    self.version = version
    dataset = try cursor.text(Self.datasetByteCount, "the dataset")
    schema = try Self.schema(try cursor.integer(UInt16.self), at: cursor.offset - 2)
    start = try cursor.integer(UInt64.self)
    let end = try cursor.integer(UInt64.self)
    self.end = end == .max || end == 0 ? nil : end
    let limit = try cursor.integer(UInt64.self)
    self.limit = limit == 0 ? nil : limit
    if version == 1 { try cursor.skip(8) }  // the record count of the first version
    let stypeIn = try cursor.integer(UInt8.self)
    self.stypeIn = stypeIn == .max ? nil : try Self.stype(stypeIn, at: cursor.offset - 1)
    stypeOut = try Self.stype(try cursor.integer(UInt8.self), at: cursor.offset - 1)
    tsOut = try cursor.integer(UInt8.self) != 0
    symbolByteCount =
      version == 1 ? DBNFields.symbolByteCount(version: 1) : Int(try cursor.integer(UInt16.self))
    guard (1...Self.symbolByteCountMax).contains(symbolByteCount) else {
      throw DBNError(
        .corrupt,
        "a symbol takes \(symbolByteCount) bytes; 1 to \(Self.symbolByteCountMax) are read",
        at: cursor.offset - 2)
    }
    try cursor.skip(version == 1 ? 47 : 53)
    let definitionByteCount = try cursor.integer(UInt32.self)
    guard definitionByteCount == 0 else {
      throw DBNError(
        .unsupported, "the metadata holds a schema definition, which no version has yet",
        at: cursor.offset - 4)
    }
    symbols = try cursor.symbols(symbolByteCount, "symbols")
    partial = try cursor.symbols(symbolByteCount, "partial symbols")
    notFound = try cursor.symbols(symbolByteCount, "symbols not found")
    mappings = try cursor.mappings(symbolByteCount)
  }

  private static func schema(_ number: UInt16, at offset: Int) throws(DBNError) -> RecordKind? {
    if number == .max { return nil }
    guard let schema = RecordKind(schemaNumber: number) else {
      throw DBNError(.corrupt, "schema number \(number) is unknown", at: offset)
    }
    return schema
  }

  private static func stype(_ number: UInt8, at offset: Int) throws(DBNError) -> SType {
    guard let stype = SType(rawValue: number) else {
      throw DBNError(.corrupt, "symbology type \(number) is unknown", at: offset)
    }
    return stype
  }
}

/// Reads through the metadata, never beyond its end.
private struct MetadataCursor {
  let bytes: UnsafeRawBufferPointer
  var offset: Int

  /// Takes `byteCount` bytes.
  mutating func take(
    _ byteCount: Int, _ what: @autoclosure () -> String
  ) throws(DBNError) -> UnsafeRawBufferPointer {
    guard byteCount <= bytes.count - offset else {
      throw DBNError(
        .corrupt,
        "\(what()) need \(byteCount) bytes, but the metadata ends after \(bytes.count - offset)",
        at: offset)
    }
    defer { offset += byteCount }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + byteCount])
  }

  mutating func skip(_ byteCount: Int) throws(DBNError) {
    _ = try take(byteCount, "reserved fields")
  }

  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(DBNError) -> T {
    let field = try take(MemoryLayout<T>.size, "the fixed fields")
    return T(littleEndian: field.loadUnaligned(as: T.self))
  }

  /// Text padded with NULs.
  mutating func text(_ byteCount: Int, _ what: String) throws(DBNError) -> String {
    let start = offset
    var field = try take(byteCount, what)[...]
    while field.last == 0 { field.removeLast() }
    guard let text = String(validating: field, as: UTF8.self), !field.contains(0) else {
      throw DBNError(.corrupt, "\(what) is not text padded with NULs", at: start)
    }
    return text
  }

  mutating func symbols(_ symbolByteCount: Int, _ what: String) throws(DBNError) -> [String] {
    let count = Int(try integer(UInt32.self))
    try require(count, of: symbolByteCount, what)
    var symbols: [String] = []
    symbols.reserveCapacity(count)
    for _ in 0..<count { symbols.append(try text(symbolByteCount, "a symbol")) }
    return symbols
  }

  mutating func mappings(_ symbolByteCount: Int) throws(DBNError) -> [SymbolMapping] {
    let count = Int(try integer(UInt32.self))
    try require(count, of: symbolByteCount + 4, "symbol mappings")
    var mappings: [SymbolMapping] = []
    mappings.reserveCapacity(count)
    for _ in 0..<count {
      let symbol = try text(symbolByteCount, "a symbol")
      let intervalCount = Int(try integer(UInt32.self))
      try require(intervalCount, of: symbolByteCount + 8, "intervals of symbol '\(symbol)'")
      var intervals: [MappingInterval] = []
      intervals.reserveCapacity(intervalCount)
      for _ in 0..<intervalCount {
        let start = try date()
        let end = try date()
        let meaning = try text(symbolByteCount, "a symbol")
        intervals.append(MappingInterval(startDate: start, endDate: end, symbol: meaning))
      }
      mappings.append(SymbolMapping(rawSymbol: symbol, intervals: intervals))
    }
    return mappings
  }

  /// Refuses a count that the remaining bytes cannot hold, before memory is allocated for it.
  private func require(_ count: Int, of byteCount: Int, _ what: String) throws(DBNError) {
    guard count <= (bytes.count - offset) / byteCount else {
      throw DBNError(
        .corrupt,
        "\(count) \(what) are announced, but the metadata has room for"
          + " \((bytes.count - offset) / byteCount)", at: offset - 4)
    }
  }

  /// A date written as the number 20240102.
  private mutating func date() throws(DBNError) -> CivilDate {
    let number = Int(try integer(UInt32.self))
    guard
      let date = CivilDate(
        year: number / 10_000, month: number / 100 % 100, day: number % 100)
    else {
      throw DBNError(
        .corrupt, "\(number) is not a date of the form YYYYMMDD", at: offset - 4)
    }
    return date
  }
}
