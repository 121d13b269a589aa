import Bytes
import Columnar
import Platform

/// Iterates over the levels and values of one column chunk of any nesting, one entry at a time.
final class LeafCursor {
  let leaf: LeafColumn
  private var pages: ChunkPages
  private let values: ValueDecoder
  private let scratch: DecodeScratch
  private var column: Column
  private var store: ColumnStore
  private let repetition = ByteBuffer()
  private let definition = ByteBuffer()
  /// Entries of the current page, and those that were taken.
  private var entryCount = 0
  private var entry = 0
  private var valueIndex = 0
  /// Pages of every kind so far.
  private(set) var pageCount = 0
  /// Pages whose header carries a CRC-32.
  private(set) var checkedPageCount = 0
  /// Entries of all pages so far.
  private(set) var entriesSeen = 0
  private let entriesExpected: Int
  /// INT96 times returned as null: their day is outside the range of microseconds, so they are no real times.
  private(set) var lostTimeCount = 0
  /// The scale of decimals that are kept in stored form.
  private let oversizeScale: Int?

  /// - Parameter keepsOversize: Whether values that no column type holds are kept in stored form until they are
  ///   taken: INT96 times outside the range of nanoseconds, and decimals of more than 38 digits.
  convenience init(
    reader: ParquetReader, rowGroup: Int, leaf index: Int, keepsOversize: Bool = false
  ) throws(ParquetError) {
    let leaf = reader.leaves[index]
    try self.init(
      reader: reader, rowGroup: rowGroup, leaf: index,
      as: keepsOversize ? leaf.storedIfOversize : leaf,
      oversizeScale: keepsOversize ? leaf.oversizeScale : nil)
  }

  /// - Parameters:
  ///   - leaf: The leaf, with the type as which its values are decoded.
  ///   - oversizeScale: The scale, if the values are bytes of a decimal that no column type holds.
  init(
    reader: ParquetReader, rowGroup: Int, leaf index: Int, as leaf: LeafColumn, oversizeScale: Int?
  ) throws(ParquetError) {
    self.leaf = leaf
    self.oversizeScale = oversizeScale
    pages = try reader.chunkPages(rowGroup: rowGroup, leaf: index)
    let metadata = try reader.chunkMetadata(rowGroup: rowGroup, leaf: index)
    if metadata.valueCount < 0 {
      throw ParquetError(.corrupt, "the chunk counts \(metadata.valueCount) values")
    }
    // Without repetition every row has one entry, whatever the chunk states.
    let isFlat = leaf.maxRepetitionLevel == 0
    entriesExpected = try pages.checkSums(
      values: isFlat ? reader.rowCount(rowGroup: rowGroup) : Int(metadata.valueCount))
    values = try ValueDecoder(leaf: self.leaf)
    store = ColumnStore(kind: self.leaf.type.storage)
    column = Column(type: self.leaf.type, storage: .integers([]))
    scratch = DecodeScratch.take()
  }

  deinit { DecodeScratch.give(scratch) }

  // MARK: - The current entry

  /// Whether there is an entry; loads the next page if the current one is finished.
  func hasEntry() throws(ParquetError) -> Bool {
    while entry >= entryCount {
      if !(try loadPage()) { return false }
    }
    return true
  }

  /// The entry's repetition level. Valid after `hasEntry`.
  var repetitionLevel: Int { Int(repetition.base.load(fromByteOffset: entry, as: UInt8.self)) }

  /// The entry's definition level. Valid after `hasEntry`.
  var definitionLevel: Int { Int(definition.base.load(fromByteOffset: entry, as: UInt8.self)) }

  /// Moves past the current entry without its value.
  func advance() {
    if definitionLevel == leaf.maxDefinitionLevel { valueIndex += 1 }
    entry += 1
  }

  /// The entry's value, null below the leaf's definition level; moves past the entry.
  ///
  /// - Throws: `unsupported` if there is not enough memory for the value and its text.
  func take() throws(ParquetError) -> Value {
    if definitionLevel == leaf.maxDefinitionLevel { try checkRoom() }
    defer { advance() }
    if definitionLevel < leaf.maxDefinitionLevel || leaf.type == .null { return .null }
    let value = Value(column: column, row: valueIndex, type: leaf.type)
    guard case .binary(let bytes) = value else { return value }
    if leaf.physicalType == .int96 {
      if let time = Value(julian: bytes) { return time }
      lostTimeCount += 1
      return .null
    }
    if let oversizeScale { return .oversize(unscaled: bytes, scale: oversizeScale) }
    return value
  }

  /// A value is copied when taken, and again when printed or written.
  private func checkRoom() throws(ParquetError) {
    let byteCount: Int
    switch column.storage {
    case .bytes(let text): byteCount = text.byteRange(valueIndex).count
    case .codes(let codes, let text): byteCount = text.byteRange(Int(codes[valueIndex])).count
    case .integers, .wide, .doubles: return
    }
    if byteCount > MemoryRoom.unquestionedByteCount / 8 && !MemoryRoom.has(8 * byteCount) {
      throw ParquetError(
        .unsupported, "a value of \(byteCount) bytes, and there is not memory for it",
        remedy: "allow more memory")
    }
  }

  /// All entries of the chunk; none may have been taken before.
  func takeAll() throws(ParquetError) -> RepeatedColumn {
    var result = RepeatedColumn(values: Column(type: leaf.type, storage: .integers([])))
    var all = ColumnStore(kind: leaf.type.storage)
    while try loadPage() {
      let count = entryCount
      if entriesSeen > Limits.readRowCountMax {
        throw ParquetError(
          .unsupported, "more than \(Limits.readRowCountMax) values in one column chunk")
      }
      result.repetitionLevels.append(
        contentsOf: UnsafeRawBufferPointer(start: repetition.base, count: count))
      result.definitionLevels.append(
        contentsOf: UnsafeRawBufferPointer(start: definition.base, count: count))
      if leaf.type != .null { try all.append(column, rows: 0..<column.count) }
    }
    all.finish(into: &result.values, type: leaf.type)
    return result
  }

  /// The entries of the next `rows` rows.
  ///
  /// - Throws: `corrupt` if there are fewer, or the first entry does not begin a row.
  func take(rows: Int) throws(ParquetError) -> RepeatedColumn {
    var result = RepeatedColumn(values: Column(type: leaf.type, storage: .integers([])))
    var all = ColumnStore(kind: leaf.type.storage)
    var begun = 0
    let present = UInt8(truncatingIfNeeded: leaf.maxDefinitionLevel)
    while try hasEntry() {
      let count = entryCount - entry
      let repetitions = UnsafeRawBufferPointer(start: repetition.base + entry, count: count)
      let definitions = UnsafeRawBufferPointer(start: definition.base + entry, count: count)
      if begun == 0 && repetitions[0] != 0 {
        throw ParquetError(.corrupt, "a row does not end where its neighbours' rows end")
      }
      var (taken, values) = (0, 0)
      while taken < count {
        if repetitions[taken] == 0 {
          if begun == rows { break }
          begun += 1
        }
        if definitions[taken] == present { values += 1 }
        taken += 1
      }
      result.repetitionLevels.append(contentsOf: repetitions.prefix(taken))
      result.definitionLevels.append(contentsOf: definitions.prefix(taken))
      if leaf.type != .null {
        try all.append(column, rows: valueIndex..<(valueIndex + values))
      }
      entry += taken
      valueIndex += values
      if taken < count { break }
    }
    if begun < rows {
      throw ParquetError(
        .corrupt, "the column ends \(rows - begun) rows before its row group")
    }
    all.finish(into: &result.values, type: leaf.type)
    return result
  }

  /// Skips the entries of rows.
  func skip(rows: Int) throws(ParquetError) {
    var begun = 0
    while try hasEntry() {
      while entry < entryCount {
        if repetitionLevel == 0 {
          if begun == rows { return }
          begun += 1
        }
        advance()
      }
    }
  }

  /// Rows that begin in the current page.
  var rowsBegun: Int {
    LevelDecoder.occurrences(
      of: 0, in: repetition.base.assumingMemoryBound(to: UInt8.self), count: entryCount)
  }

  // MARK: - Pages

  /// Loads the next data page; false at the chunk's end.
  func loadPage() throws(ParquetError) -> Bool {
    while entriesSeen < entriesExpected {
      guard let span = try pages.next() else {
        throw ParquetError(
          .truncated,
          "the column chunk ends after \(entriesSeen) of \(entriesExpected) values")
      }
      do throws(ParquetError) {
        if try load(span) { return true }
      } catch {
        throw error.at(offset: span.offset)
      }
    }
    return false
  }

  private func load(_ span: StoredPage) throws(ParquetError) -> Bool {
    pageCount += 1
    if span.header.crc != nil { checkedPageCount += 1 }
    switch span.header.type {
    case .dictionaryPage:
      if values.dictionary != nil { throw ParquetError(.corrupt, "a second dictionary page") }
      try values.setDictionary(
        try pages.dictionary(span, scratch), count: Int(span.header.valueCount),
        encoding: span.header.encoding, scratch)
      return false
    case .dataPage, .dataPageV2:
      if span.header.valueCount == 0 { return false }
      try decode(try pages.dataPage(span, scratch))
      return entryCount > 0
    case .indexPage: return false
    }
  }

  private func decode(_ page: DataPage) throws(ParquetError) {
    let count = page.valueCount
    if count > entriesExpected - entriesSeen {
      throw ParquetError(
        .corrupt,
        "pages of \(entriesSeen + count) values, the column chunk has \(entriesExpected)")
    }
    try Self.levels(
      page.repetitionLevels, page.repetitionLevelEncoding, leaf.maxRepetitionLevel, count,
      into: repetition)
    try Self.levels(
      page.definitionLevels, page.definitionLevelEncoding, leaf.maxDefinitionLevel, count,
      into: definition)
    let present = LevelDecoder.occurrences(
      of: UInt8(leaf.maxDefinitionLevel), in: definition.base.assumingMemoryBound(to: UInt8.self),
      count: count)
    store.adopt(&column)
    if leaf.type != .null {
      try values.decode(page.values, page.encoding, present, scratch, to: &store)
      store.count = present
    }
    store.finish(into: &column, type: leaf.type)
    if oversizeScale != nil { try checkOversize() }
    entryCount = count
    entry = 0
    valueIndex = 0
    entriesSeen += count
  }

  /// Decimals of up to 76 digits have at most 32 bytes.
  private func checkOversize() throws(ParquetError) {
    let text: ByteColumn
    switch column.storage {
    case .bytes(let values), .codes(_, let values): text = values
    default: return
    }
    for value in 0..<text.count where text.byteRange(value).count > 32 {
      throw ParquetError(
        .corrupt,
        "an unscaled decimal of \(text.byteRange(value).count) bytes, decimals have at most 32")
    }
  }

  private static func levels(
    _ bytes: PageBytes?, _ encoding: Encoding, _ maximum: Int, _ count: Int,
    into buffer: ByteBuffer
  ) throws(ParquetError) {
    let target = DecodeScratch.levelPointer(buffer, count)
    guard let bytes else {
      target.update(repeating: 0, count: count)
      return
    }
    let found = try LevelDecoder.decode(
      bytes, encoding, maximum: maximum, count: count, into: target)
    if case .uniform(let level) = found { target.update(repeating: level, count: count) }
  }
}

extension LeafColumn {
  /// The scale of a decimal with more digits than a column type holds.
  var oversizeScale: Int? {
    guard case .decimal(let precision, let scale) = type,
      precision > DecimalText.precisionMax, precision <= 76,
      physicalType == .byteArray || physicalType == .fixedLengthByteArray
    else { return nil }
    return scale
  }

  /// The leaf, as bytes if its values may not fit into a column type.
  fileprivate var storedIfOversize: LeafColumn {
    physicalType == .int96 ? retyped(.binary(fixed: 12)) : storedIfOversizeDecimal
  }

  /// The leaf, as bytes if it is a decimal that no column type holds.
  var storedIfOversizeDecimal: LeafColumn {
    if oversizeScale == nil { return self }
    return retyped(.binary(fixed: physicalType == .byteArray ? nil : typeLength))
  }
}

extension Value {
  /// An INT96 time: in nanoseconds, or in microseconds if it is out of their range; nil if it is out of both.
  fileprivate init?(julian bytes: [UInt8]) {
    let whole = bytes.withUnsafeBytes { Int96.nanoseconds($0) }
    if let narrow = Int64(exactly: whole) {
      self = .timestamp(narrow, .nanoseconds, isUTC: false)
    } else {
      let micro = Int64(exactly: whole >= 0 ? whole / 1000 : (whole - 999) / 1000)
      guard let micro else { return nil }
      self = .timestamp(micro, .microseconds, isUTC: false)
    }
  }

  /// One value of a column in memory form.
  public init(column: Column, row: Int, type: ColumnType) {
    switch column.storage {
    case .integers(let values): self = Value(number: values[row], type: type)
    case .wide(let values):
      var scale = 0
      if case .decimal(_, let declared) = type { scale = declared }
      self = .decimal(unscaled: values[row], scale: scale)
    case .doubles(let values):
      self = type == .double ? .double(values[row]) : .float(Float(values[row]))
    case .bytes(let text): self = Value(text: text, index: row, type: type)
    case .codes(let codes, let text):
      self = Value(text: text, index: Int(codes[row]), type: type)
    }
  }

  private init(number: Int64, type: ColumnType) {
    switch type {
    case .boolean: self = .boolean(number != 0)
    case .integer(_, false): self = .unsigned(UInt64(bitPattern: number))
    case .decimal(_, let scale): self = .decimal(unscaled: Int128(number), scale: scale)
    case .date: self = .date(Int32(truncatingIfNeeded: number))
    case .time(let unit, let isUTC): self = .time(number, unit, isUTC: isUTC)
    case .timestamp(let unit, let isUTC): self = .timestamp(number, unit, isUTC: isUTC)
    case .null: self = .null
    default: self = .integer(number)
    }
  }

  private init(text: ByteColumn, index: Int, type: ColumnType) {
    let range = text.byteRange(index)
    switch type {
    case .string, .json, .enumeration: self = .string(text[index])
    case .uuid: self = .uuid([UInt8](text.bytes[range]))
    case .interval where range.count == 12:
      self = text.bytes.withUnsafeBytes { raw in
        let at = UnsafeRawBufferPointer(rebasing: raw[range])
        return .interval(
          months: at.loadUnaligned(fromByteOffset: 0, as: UInt32.self),
          days: at.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
          milliseconds: at.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
      }
    default: self = .binary([UInt8](text.bytes[range]))
    }
  }
}
