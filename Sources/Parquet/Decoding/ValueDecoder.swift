import Bytes
import Columnar

/// Decodes the values of one column chunk's pages, its dictionary included, into a column store.
///
/// Values are decoded end to end, without nulls; the caller spreads them over the rows.
final class ValueDecoder {
  let leaf: LeafColumn
  let kind: StorageKind
  private(set) var dictionary: ColumnStore?
  /// Values in the dictionary.
  private(set) var dictionaryCount = 0

  init(leaf: LeafColumn) throws(ParquetError) {
    if case .decimal(let precision, _) = leaf.type, precision > DecimalText.precisionMax {
      throw ParquetError(
        .unsupported,
        "a decimal of \(precision) digits, at most \(DecimalText.precisionMax) are read here",
        remedy: "lake parquet FILE --rows prints such decimals")
    }
    self.leaf = leaf
    kind = leaf.type.storage
  }

  // MARK: - Dictionary

  func setDictionary(
    _ bytes: PageBytes, count: Int, encoding: Encoding, _ scratch: DecodeScratch
  ) throws(ParquetError) {
    if encoding != .plain && encoding != .plainDictionary {
      throw ParquetError(.unsupported, "a dictionary page encoded as \(encoding.name)")
    }
    var store = ColumnStore(kind: kind)
    try decode(bytes, .plain, count, scratch, to: &store)
    store.count = count
    dictionary = store
    dictionaryCount = count
  }

  // MARK: - Pages

  /// Decodes `count` values after the rows of `store`, whose `count` stays unchanged.
  func decode(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    to store: inout ColumnStore
  ) throws(ParquetError) {
    if encoding.isDictionary {
      try gather(bytes, count, to: &store)
      return
    }
    if kind == .bytes { try store.materialise() }
    if count == 0 { return }
    store.makeRoom(count)
    switch leaf.physicalType {
    case .boolean: try decodeBooleans(bytes, encoding, count, scratch, to: &store)
    case .int32, .int64: try decodeIntegers(bytes, encoding, count, scratch, to: &store)
    case .float, .double: try decodeFloats(bytes, encoding, count, scratch, to: &store)
    case .byteArray: try decodeByteArrays(bytes, encoding, count, scratch, to: &store)
    case .int96, .fixedLengthByteArray:
      try decodeFixed(bytes, encoding, count, scratch, to: &store)
    }
  }

  private func unsupported(_ encoding: Encoding) -> ParquetError {
    ParquetError(
      .unsupported, "\(leaf.physicalType.name) values encoded as \(encoding.name)")
  }

  /// The bytes of `count` values of `width` bytes each.
  private func fixedWidth(
    _ bytes: PageBytes, _ width: Int, _ count: Int
  ) throws(ParquetError) -> UnsafeRawPointer {
    try bytes.prefix(width * count, "\(count) values").base
  }

  // MARK: - Booleans

  private func decodeBooleans(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    to store: inout ColumnStore
  ) throws(ParquetError) {
    let codes = scratch.codes(count)
    switch encoding {
    case .plain:
      let source = try bytes.prefix((count + 7) / 8, "\(count) booleans").base
      HybridDecoder.unpack(source, 1, count, into: codes)
    case .rle:
      let length = Int(
        try bytes.prefix(4, "the length of the booleans").base.loadLE(0, as: UInt32.self))
      let runs = try bytes.dropping(4).prefix(length, "booleans")
      var decoder = try HybridDecoder(runs, bitWidth: 1)
      try decoder.decode(count, into: codes)
    case .bitPacked:
      let levels = DecodeScratch.levelPointer(scratch.levelBytes, count)
      let source = try bytes.prefix((count + 7) / 8, "\(count) booleans")
      _ = try LevelDecoder.decodeBitPacked(source, maximum: 1, count: count, into: levels)
      for index in 0..<count { codes[index] = Int32(levels[index]) }
    default: throw unsupported(encoding)
    }
    try store.fillIntegers(count) { target throws(ParquetError) in
      for index in 0..<count { target[index] = Int64(codes[index] & 1) }
    }
  }

  // MARK: - Integers

  /// How the 32 bits of a stored value are read.
  private var word: IntegerKernels.Word {
    if case .integer(let width, let isSigned) = leaf.type {
      return IntegerKernels.Word(bitWidth: width, isSigned: isSigned)
    }
    return .signed32
  }

  private func decodeIntegers(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    to store: inout ColumnStore
  ) throws(ParquetError) {
    if kind == .wide {
      // A decimal with more digits than its physical type can hold.
      let narrow = scratch.integers(count)
      try decodeIntegers(bytes, encoding, count, scratch, into: narrow)
      try store.fillWide(count) { target throws(ParquetError) in
        for index in 0..<count { target[index] = Int128(narrow[index]) }
      }
      return
    }
    try store.fillIntegers(count) { target throws(ParquetError) in
      try decodeIntegers(bytes, encoding, count, scratch, into: target)
    }
  }

  func decodeIntegers(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) {
    let is32 = leaf.physicalType == .int32
    switch encoding {
    case .plain where is32:
      IntegerKernels.widen(
        try fixedWidth(bytes, 4, count), count, as: word, into: target)
    case .plain:
      UnsafeMutableRawPointer(target).copyMemory(
        from: try fixedWidth(bytes, 8, count), byteCount: 8 * count)
    case .deltaBinaryPacked:
      var rest = bytes
      try DeltaDecoder.decode(&rest, count: count, exactly: false, into: target)
      if is32 { IntegerKernels.wrap32(target, count, as: word) }
    case .byteStreamSplit where is32:
      let fixed = scratch.fixed(4 * count)
      try FixedDecoder.unsplit(bytes, length: 4, count: count, into: fixed)
      IntegerKernels.widen(fixed, count, as: word, into: target)
    case .byteStreamSplit:
      try FixedDecoder.unsplit(bytes, length: 8, count: count, into: target)
    default: throw unsupported(encoding)
    }
  }

  // MARK: - Floating point

  private func decodeFloats(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    to store: inout ColumnStore
  ) throws(ParquetError) {
    let width = leaf.physicalType == .float ? 4 : 8
    var source = bytes.base
    switch encoding {
    case .plain: source = try fixedWidth(bytes, width, count)
    case .byteStreamSplit:
      let fixed = scratch.fixed(width * count)
      try FixedDecoder.unsplit(bytes, length: width, count: count, into: fixed)
      source = UnsafeRawPointer(fixed)
    default: throw unsupported(encoding)
    }
    // A leaf of type null has integer storage, and never a value.
    if kind != .doubles {
      try store.fillIntegers(count) { target throws(ParquetError) in
        target.update(repeating: 0, count: count)
      }
      return
    }
    try store.fillDoubles(count) { target throws(ParquetError) in
      if width == 4 {
        for index in 0..<count {
          target[index] = Double(Float(bitPattern: source.loadLE(index &* 4, as: UInt32.self)))
        }
      } else {
        UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 8 * count)
      }
    }
  }

  // MARK: - Bytes

  private func decodeByteArrays(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    to store: inout ColumnStore
  ) throws(ParquetError) {
    if kind == .bytes {
      let before = store.text.count
      try appendByteArrays(bytes, encoding, count, scratch, to: &store.text)
      if leaf.type.isText { try UTF8Check.check(store.text, from: before, count: count) }
      return
    }
    var text = ByteColumn()
    try appendByteArrays(bytes, encoding, count, scratch, to: &text)
    try convert(text, count, to: &store)
  }

  private func appendByteArrays(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    to text: inout ByteColumn
  ) throws(ParquetError) {
    switch encoding {
    case .plain: try ByteArrayDecoder.appendPlain(bytes, count: count, to: &text)
    case .deltaLengthByteArray:
      try ByteArrayDecoder.appendDeltaLength(bytes, count: count, scratch: scratch, to: &text)
    case .deltaByteArray:
      try ByteArrayDecoder.appendDelta(bytes, count: count, scratch: scratch, to: &text)
    default: throw unsupported(encoding)
    }
  }

  /// Decimals that are stored as byte arrays.
  private func convert(
    _ text: ByteColumn, _ count: Int, to store: inout ColumnStore
  ) throws(ParquetError) {
    for index in 0..<count {
      let range = text.byteRange(index)
      let value = try text.bytes.withUnsafeBytes { raw in
        Result { () throws(ParquetError) in
          try FixedDecoder.bigEndian(UnsafeRawBufferPointer(rebasing: raw[range]))
        }
      }.get()
      if kind == .wide {
        store.wide[store.count + index] = value
      } else {
        store.integers[store.count + index] = try narrowed(value)
      }
    }
  }

  private func narrowed(_ value: Int128) throws(ParquetError) -> Int64 {
    guard let narrow = Int64(exactly: value) else {
      throw ParquetError(.corrupt, "the unscaled decimal \(value) in a column of \(leaf.type.name)")
    }
    return narrow
  }

  // MARK: - Fixed length

  private func decodeFixed(
    _ bytes: PageBytes, _ encoding: Encoding, _ count: Int, _ scratch: DecodeScratch,
    to store: inout ColumnStore
  ) throws(ParquetError) {
    let length = leaf.typeLength
    var values = FixedValues(base: bytes.base, length: length, count: count)
    switch encoding {
    case .plain:
      _ = try bytes.prefix(length * count, "\(count) values of \(length) bytes")
    case .byteStreamSplit where leaf.physicalType == .fixedLengthByteArray:
      if length > bytes.count / count { throw ByteArrayDecoder.truncated }
      let fixed = scratch.fixed(length * count)
      try FixedDecoder.unsplit(bytes, length: length, count: count, into: fixed)
      values.base = UnsafeRawPointer(fixed)
    case .deltaByteArray where leaf.physicalType == .fixedLengthByteArray:
      var text = ByteColumn()
      try ByteArrayDecoder.appendDelta(bytes, count: count, scratch: scratch, to: &text)
      for index in 0..<count where text.byteRange(index).count != length {
        throw ParquetError(
          .corrupt, "a value of \(text.byteRange(index).count) bytes, all should have \(length)")
      }
      let fixed = scratch.fixed(length * count)
      text.bytes.withUnsafeBytes { raw in
        if let base = raw.baseAddress { fixed.copyMemory(from: base, byteCount: raw.count) }
      }
      values.base = UnsafeRawPointer(fixed)
    default: throw unsupported(encoding)
    }
    try convert(values, scratch, to: &store)
  }

  private func convert(
    _ values: FixedValues, _ scratch: DecodeScratch, to store: inout ColumnStore
  ) throws(ParquetError) {
    switch leaf.type {
    case .decimal where kind == .wide:
      try store.fillWide(values.count) { target throws(ParquetError) in
        try FixedDecoder.wide(values, into: target)
      }
    case .decimal:
      try store.fillIntegers(values.count) { target throws(ParquetError) in
        if values.length <= 8 {
          FixedDecoder.integers(values, into: target)
          return
        }
        for index in 0..<values.count {
          target[index] = try narrowed(
            try FixedDecoder.bigEndian(
              UnsafeRawBufferPointer(
                start: values.base + index &* values.length, count: values.length)))
        }
      }
    case .timestamp(let unit, _):
      try store.fillIntegers(values.count) { target throws(ParquetError) in
        try FixedDecoder.julian(values, unit: unit, into: target)
      }
    case .integer where leaf.physicalType == .int96:
      try store.fillIntegers(values.count) { target throws(ParquetError) in
        FixedDecoder.julianRemainders(values, into: target)
      }
    case .float16:
      try store.fillDoubles(values.count) { target throws(ParquetError) in
        FixedDecoder.halves(values, into: target)
      }
    case .null:
      try store.fillIntegers(values.count) { target throws(ParquetError) in
        target.update(repeating: 0, count: values.count)
      }
    default: try ByteArrayDecoder.appendFixed(values, to: &store.text)
    }
  }
}

extension ColumnStore {
  /// Lets `body` fill `valueCount` integers after the existing rows.
  mutating func fillIntegers(
    _ valueCount: Int, _ body: (UnsafeMutablePointer<Int64>) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    Self.grow(&integers, count + valueCount)
    let start = count
    try integers.withUnsafeMutableBufferPointer { buffer throws(ParquetError) in
      if let base = buffer.baseAddress { try body(base + start) }
    }
  }

  mutating func fillWide(
    _ valueCount: Int, _ body: (UnsafeMutablePointer<Int128>) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    Self.grow(&wide, count + valueCount)
    let start = count
    try wide.withUnsafeMutableBufferPointer { buffer throws(ParquetError) in
      if let base = buffer.baseAddress { try body(base + start) }
    }
  }

  mutating func fillDoubles(
    _ valueCount: Int, _ body: (UnsafeMutablePointer<Double>) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    Self.grow(&doubles, count + valueCount)
    let start = count
    try doubles.withUnsafeMutableBufferPointer { buffer throws(ParquetError) in
      if let base = buffer.baseAddress { try body(base + start) }
    }
  }

  mutating func fillCodes(
    _ valueCount: Int, _ body: (UnsafeMutablePointer<Int32>) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    Self.grow(&codes, count + valueCount)
    let start = count
    try codes.withUnsafeMutableBufferPointer { buffer throws(ParquetError) in
      if let base = buffer.baseAddress { try body(base + start) }
    }
  }
}
