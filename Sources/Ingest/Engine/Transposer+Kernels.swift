import Bytes
import CKernels
import Columnar

// The loops that cut one field from a block of rows. `rows` has a pointer to each row; every field is within
// its row by RowLayout's own check. Nulls are written as 0 with validity 0; the validity of a block without
// nulls is not written.

func loadIntegers(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ out: UnsafeMutablePointer<Int64>,
  _ validity: UnsafeMutablePointer<UInt8>, _ isAnyNull: inout Bool
) {
  switch field.form {
  case .int8: load(field, count, rows, out, validity, &isAnyNull, as: Int8.self)
  case .uint8, .character: load(field, count, rows, out, validity, &isAnyNull, as: UInt8.self)
  case .int16: load(field, count, rows, out, validity, &isAnyNull, as: Int16.self)
  case .uint16: load(field, count, rows, out, validity, &isAnyNull, as: UInt16.self)
  case .int32: load(field, count, rows, out, validity, &isAnyNull, as: Int32.self)
  case .uint32, .text: load(field, count, rows, out, validity, &isAnyNull, as: UInt32.self)
  case .int64, .double: load(field, count, rows, out, validity, &isAnyNull, as: Int64.self)
  case .uint64, .timestamp: load(field, count, rows, out, validity, &isAnyNull, as: UInt64.self)
  case .int128, .fixedText: preconditionFailure("no 64-bit integer in this form")
  }
}

@inline(__always)
private func load<T: FixedWidthInteger & BitwiseCopyable>(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ out: UnsafeMutablePointer<Int64>,
  _ validity: UnsafeMutablePointer<UInt8>, _ isAnyNull: inout Bool, as type: T.Type
) {
  let offset = field.offset
  switch field.null {
  case .never:
    if rows.words?.cut(field, T.isSigned, count, sentinel: 0, out) != nil { return }
    if let base = rows.base {
      let stride = rows.stride
      for row in 0..<count {
        let value = base.loadLE(row &* stride &+ offset, as: T.self)
        out[row] = Int64(truncatingIfNeeded: value)
      }
    } else {
      for row in 0..<count {
        out[row] = Int64(truncatingIfNeeded: rows[row].loadLE(offset, as: T.self))
      }
    }
  case .sentinel(let bits):
    let sentinel = T(truncatingIfNeeded: bits)
    // Usually no value is missing: then one test is enough.
    let missing = Int64(truncatingIfNeeded: sentinel)
    if let hasNulls = rows.words?.cut(field, T.isSigned, count, sentinel: missing, out) {
      if !hasNulls { return }
    } else if let base = rows.base,
      !loadPlain(base + offset, rows.stride, count, out, sentinel)
    {
      return
    }
    var nulls = 0
    for row in 0..<count {
      let value = rows[row].loadLE(offset, as: T.self)
      let isNull = value == sentinel
      nulls = nulls &+ (isNull ? 1 : 0)
      validity[row] = isNull ? 0 : 1
      out[row] = isNull ? 0 : Int64(truncatingIfNeeded: value)
    }
    if nulls > 0 { isAnyNull = true }
  case .bit(let index, let mask):
    var nulls = 0
    for row in 0..<count {
      let isNull = rows[row].load(fromByteOffset: index, as: UInt8.self) & mask == 0
      nulls = nulls &+ (isNull ? 1 : 0)
      validity[row] = isNull ? 0 : 1
      out[row] = isNull ? 0 : Int64(truncatingIfNeeded: rows[row].loadLE(offset, as: T.self))
    }
    if nulls > 0 { isAnyNull = true }
  }
}

/// Loads a field of rows that are `stride` bytes apart.
///
/// - Returns: Whether one is the sentinel.
@inline(__always)
private func loadPlain<T: FixedWidthInteger & BitwiseCopyable>(
  _ base: UnsafeRawPointer, _ stride: Int, _ count: Int, _ out: UnsafeMutablePointer<Int64>,
  _ sentinel: T
) -> Bool {
  var hits = 0
  for row in 0..<count {
    let value = base.loadLE(row &* stride, as: T.self)
    hits = hits &+ (value == sentinel ? 1 : 0)
    out[row] = Int64(truncatingIfNeeded: value)
  }
  return hits > 0
}

/// Sets the validity of a block of any form; returns whether a row is null.
private func loadValidity(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ validity: UnsafeMutablePointer<UInt8>
) -> Bool {
  var nulls = 0
  switch field.null {
  case .never:
    validity.update(repeating: 1, count: count)
  case .sentinel(let bits):
    for row in 0..<count {
      var value: UInt64 = 0
      for byte in 0..<min(8, field.form.byteCount) {
        let part = rows[row].load(fromByteOffset: field.offset + byte, as: UInt8.self)
        value |= UInt64(part) &<< UInt64(8 &* byte)
      }
      validity[row] = value == bits ? 0 : 1
      nulls += value == bits ? 1 : 0
    }
  case .bit(let index, let mask):
    for row in 0..<count {
      let isNull = rows[row].load(fromByteOffset: index, as: UInt8.self) & mask == 0
      validity[row] = isNull ? 0 : 1
      nulls += isNull ? 1 : 0
    }
  }
  return nulls > 0
}

func loadWide(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ out: UnsafeMutablePointer<Int128>,
  _ validity: UnsafeMutablePointer<UInt8>, _ isAnyNull: inout Bool
) {
  if loadValidity(field, count, rows, validity) { isAnyNull = true }
  for row in 0..<count {
    if validity[row] == 0 {
      out[row] = 0
    } else if field.form == .int128 {
      let low = rows[row].loadLE(field.offset, as: UInt64.self)
      let high = rows[row].loadLE(field.offset + 8, as: Int64.self)
      out[row] = Int128(high) << 64 | Int128(low)
    } else {
      out[row] = Int128(rows[row].loadLE(field.offset, as: Int64.self))
    }
  }
}

func loadDoubles(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ out: UnsafeMutablePointer<Double>,
  _ validity: UnsafeMutablePointer<UInt8>, _ isAnyNull: inout Bool
) {
  if loadValidity(field, count, rows, validity) { isAnyNull = true }
  for row in 0..<count {
    let value = Double(bitPattern: rows[row].loadLE(field.offset, as: UInt64.self))
    // No stored column has a NaN: null instead.
    if value.isNaN && validity[row] != 0 {
      validity[row] = 0
      isAnyNull = true
    }
    out[row] = validity[row] == 0 ? 0 : value
  }
}

func loadCharacters(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ out: UnsafeMutablePointer<Int32>,
  _ validity: UnsafeMutablePointer<UInt8>, _ isAnyNull: inout Bool
) {
  var nulls = 0
  for row in 0..<count {
    let byte = rows[row].load(fromByteOffset: field.offset, as: UInt8.self)
    out[row] = Int32(byte)
    validity[row] = byte == 0 ? 0 : 1
    nulls = nulls &+ (byte == 0 ? 1 : 0)
  }
  if nulls > 0 { isAnyNull = true }
}

func loadCodes(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ out: UnsafeMutablePointer<Int32>,
  _ validity: UnsafeMutablePointer<UInt8>, _ isAnyNull: inout Bool
) {
  let offset = field.offset
  if case .bit = field.null {
    if loadValidity(field, count, rows, validity) { isAnyNull = true }
    for row in 0..<count {
      out[row] = Int32(truncatingIfNeeded: rows[row].loadLE(offset, as: UInt32.self))
    }
    return
  }
  // No code is as large as this one.
  var sentinel = UInt32.max
  if case .sentinel(let bits) = field.null { sentinel = UInt32(truncatingIfNeeded: bits) }
  var nulls = 0
  if let missing = rows.words?.cut(codes: field, count, sentinel: sentinel, out) {
    nulls = missing
  } else {
    for row in 0..<count {
      let code = rows[row].loadLE(offset, as: UInt32.self)
      nulls = nulls &+ (code == sentinel ? 1 : 0)
      out[row] = Int32(truncatingIfNeeded: code)
    }
  }
  if nulls == 0 { return }
  isAnyNull = true
  for row in 0..<count { validity[row] = out[row] == Int32(truncatingIfNeeded: sentinel) ? 0 : 1 }
}

/// Appends the texts to `target.text`, and their 64-bit reductions to `words`. Empty text is null.
func loadFixedText(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ target: ColumnScratch,
  _ validity: UnsafeMutablePointer<UInt8>, _ words: UnsafeMutablePointer<Int64>,
  _ isAnyNull: inout Bool
) {
  let width = field.form.byteCount
  for row in 0..<count {
    let bytes = UnsafeRawBufferPointer(start: rows[row] + field.offset, count: width)
    let length = bytes.firstIndex(of: 0) ?? width
    validity[row] = length == 0 ? 0 : 1
    if length == 0 {
      isAnyNull = true
      target.text.appendEmpty()
      words[row] = 0
    } else {
      let text = UnsafeRawBufferPointer(rebasing: bytes[..<length])
      target.text.append(text)
      words[row] = Int64(bitPattern: RowHash.text(text))
    }
  }
}

/// Whole microseconds, and the nanoseconds beyond them. Floor division, so that an instant before 1970
/// keeps a remainder of 0…999.
func splitNanoseconds(
  _ nanoseconds: UnsafePointer<Int64>, _ count: Int, _ micros: UnsafeMutablePointer<Int64>,
  _ remainders: UnsafeMutablePointer<Int64>
) {
  let wide = lake_has_wide_words() == 0 ? 0 : count & ~7
  let isDone = wide > 0 && lake_split_thousands(nanoseconds, wide, micros, remainders) != 0
  for row in (isDone ? wide : 0)..<count {
    let value = nanoseconds[row]
    let quotient = value / 1000
    let floor = quotient &- (quotient &* 1000 > value ? 1 : 0)
    micros[row] = floor
    remainders[row] = value &- floor &* 1000
  }
}

/// One-character texts, coded by their byte.
enum CharacterCodes {
  private static let hashes: [Int64] = (0..<256).map { byte in
    let text = [UInt8(byte)]
    return Int64(bitPattern: text.withUnsafeBytes { RowHash.text($0) })
  }

  static func hashes(
    _ codes: UnsafePointer<Int32>, _ count: Int, _ out: UnsafeMutablePointer<Int64>
  ) {
    hashes.withUnsafeBufferPointer { table in
      for row in 0..<count { out[row] = table[Int(codes[row] & 0xFF)] }
    }
  }

  /// Renumbers the codes by the characters that occur, in byte order, and makes their dictionary.
  static func compact(_ column: ColumnScratch, count: Int) {
    var isUsed = [Bool](repeating: false, count: 256)
    let codes = column.codes
    for row in 0..<count { isUsed[Int(codes[row] & 0xFF)] = true }
    isUsed[0] = false
    var renumbered = [Int32](repeating: 0, count: 256)
    column.text = ByteColumn()
    for byte in 1..<256 where isUsed[byte] {
      renumbered[byte] = Int32(column.text.count)
      let character = [UInt8(byte)]
      character.withUnsafeBytes { column.text.append($0) }
    }
    renumbered.withUnsafeBufferPointer { table in
      for row in 0..<count { codes[row] = table[Int(codes[row] & 0xFF)] }
    }
  }
}

/// Texts of a `StringTable`, renumbered within a row group by first use.
struct TextCodes {
  private var values = ByteColumn()
  private var hashed: [UInt64] = []
  private var isHashed: [Bool] = []
  private var local: [Int32] = []

  init() {}

  mutating func begin(_ values: ByteColumn) {
    self.values = values
    // The table only grows within a source, so known codes stay valid.
    let missing = values.count - hashed.count
    if missing > 0 {
      hashed.append(contentsOf: repeatElement(0, count: missing))
      isHashed.append(contentsOf: repeatElement(false, count: missing))
      local.append(contentsOf: repeatElement(-1, count: missing))
    }
  }

  mutating func hashes(
    _ codes: UnsafePointer<Int32>, _ count: Int, _ out: UnsafeMutablePointer<Int64>
  ) {
    var last: Int32 = -1
    var hash: Int64 = 0
    for row in 0..<count {
      if codes[row] != last {
        last = codes[row]
        hash = Int64(bitPattern: self.hash(Int(last)))
      }
      out[row] = hash
    }
  }

  mutating func hash(_ code: Int) -> UInt64 {
    if !isHashed[code] {
      isHashed[code] = true
      hashed[code] = values.bytes.withUnsafeBytes { bytes in
        RowHash.text(UnsafeRawBufferPointer(rebasing: bytes[values.byteRange(code)]))
      }
    }
    return hashed[code]
  }

  mutating func compact(_ column: ColumnScratch, count: Int) {
    let codes = column.codes
    var used: [Int] = []
    column.text = ByteColumn()
    func number(_ code: Int) -> Int32 {
      if local[code] < 0 {
        local[code] = Int32(used.count)
        used.append(code)
        values.bytes.withUnsafeBytes { bytes in
          column.text.append(UnsafeRawBufferPointer(rebasing: bytes[values.byteRange(code)]))
        }
      }
      return local[code]
    }
    if let runs = column.runs {
      for run in runs where !run.isNull { codes[run.start] = number(Int(codes[run.start])) }
    } else {
      var last: Int32 = -1
      var renumbered: Int32 = 0
      for row in 0..<count {
        if codes[row] != last {
          last = codes[row]
          renumbered = number(Int(last))
        }
        codes[row] = renumbered
      }
    }
    for code in used { local[code] = -1 }
  }
}
