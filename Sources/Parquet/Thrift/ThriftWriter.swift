/// Writes compact-protocol values to an array of bytes.
struct ThriftWriter {
  private(set) var bytes: [UInt8] = []
  /// The id of the last field written in each open struct.
  private var lastIDs: [Int16] = []

  init() {}

  // MARK: - Structs and lists

  mutating func beginStruct() { lastIDs.append(0) }

  mutating func endStruct() {
    bytes.append(0)
    lastIDs.removeLast()
  }

  /// Writes a field's header. The short form needs ascending ids within a struct.
  mutating func field(_ id: Int16, _ type: ThriftType) {
    let last = lastIDs[lastIDs.count - 1]
    let delta = Int(id) - Int(last)
    if delta > 0 && delta <= 15 {
      bytes.append(UInt8(delta) << 4 | type.rawValue)
    } else {
      bytes.append(type.rawValue)
      integer(Int64(id))
    }
    lastIDs[lastIDs.count - 1] = id
  }

  mutating func list(_ element: ThriftType, count: Int) {
    if count < 15 {
      bytes.append(UInt8(count) << 4 | element.rawValue)
    } else {
      bytes.append(0xF0 | element.rawValue)
      varint(UInt64(count))
    }
  }

  // MARK: - Whole fields; nil writes nothing

  mutating func bool(_ id: Int16, _ value: Bool?) {
    if let value { field(id, value ? .boolTrue : .boolFalse) }
  }

  mutating func i8(_ id: Int16, _ value: Int8?) {
    guard let value else { return }
    field(id, .byte)
    bytes.append(UInt8(bitPattern: value))
  }

  mutating func i16(_ id: Int16, _ value: Int16?) {
    guard let value else { return }
    field(id, .i16)
    integer(Int64(value))
  }

  mutating func i32(_ id: Int16, _ value: Int32?) {
    guard let value else { return }
    field(id, .i32)
    integer(Int64(value))
  }

  mutating func i64(_ id: Int16, _ value: Int64?) {
    guard let value else { return }
    field(id, .i64)
    integer(value)
  }

  mutating func string(_ id: Int16, _ value: String?) {
    guard let value else { return }
    field(id, .binary)
    stringElement(value)
  }

  mutating func binary(_ id: Int16, _ value: [UInt8]?) {
    guard let value else { return }
    field(id, .binary)
    binaryElement(value)
  }

  mutating func structure(_ id: Int16, _ value: (some ThriftWritable)?) {
    guard let value else { return }
    field(id, .structure)
    value.write(to: &self)
  }

  mutating func structures(_ id: Int16, _ values: [some ThriftWritable]?) {
    guard let values else { return }
    field(id, .list)
    list(.structure, count: values.count)
    for value in values { value.write(to: &self) }
  }

  mutating func i32s(_ id: Int16, _ values: [Int32]?) {
    guard let values else { return }
    field(id, .list)
    list(.i32, count: values.count)
    for value in values { integer(Int64(value)) }
  }

  mutating func i64s(_ id: Int16, _ values: [Int64]?) {
    guard let values else { return }
    field(id, .list)
    list(.i64, count: values.count)
    for value in values { integer(value) }
  }

  mutating func bools(_ id: Int16, _ values: [Bool]?) {
    guard let values else { return }
    field(id, .list)
    list(.boolTrue, count: values.count)
    for value in values { bytes.append(value ? 1 : 2) }
  }

  mutating func strings(_ id: Int16, _ values: [String]?) {
    guard let values else { return }
    field(id, .list)
    list(.binary, count: values.count)
    for value in values { stringElement(value) }
  }

  mutating func binaries(_ id: Int16, _ values: [[UInt8]]?) {
    guard let values else { return }
    field(id, .list)
    list(.binary, count: values.count)
    for value in values { binaryElement(value) }
  }

  /// An empty struct, as unions use for their plain cases.
  mutating func emptyStructure(_ id: Int16) {
    field(id, .structure)
    bytes.append(0)
  }

  // MARK: - Elements

  mutating func integer(_ value: Int64) {
    varint(UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
  }

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func stringElement(_ value: String) {
    varint(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  private mutating func binaryElement(_ value: [UInt8]) {
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }
}

/// A header with a compact-protocol form.
protocol ThriftWritable {
  func write(to writer: inout ThriftWriter)
}

/// A header that can be read from its compact-protocol form.
protocol ThriftReadable {
  init(parsing reader: inout ThriftReader) throws(ParquetError)
}

extension ThriftWritable {
  /// The compact-protocol bytes.
  var thriftBytes: [UInt8] {
    var writer = ThriftWriter()
    write(to: &writer)
    return writer.bytes
  }
}
