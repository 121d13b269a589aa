import Bytes
import Columnar

/// Reads the columns of one unit after another, on one thread. A column is decoded at most once per unit, and
/// only if needed.
final class UnitReader {
  private let columns: [QueryColumn]
  private var readings: [ColumnReading?]
  private var unit: ScanUnit?
  private var decoder: (any SegmentDecoder)?
  private var decoderFile = -1
  /// Values of partition columns, at addresses that a vector can point to.
  private var constants: [Int: ConstantValue] = [:]

  init(columns: [QueryColumn]) {
    self.columns = columns
    readings = Array(repeating: nil, count: columns.count)
  }

  func begin(_ unit: ScanUnit) throws {
    if decoderFile != unit.file.ordinal {
      decoder = try unit.file.segment.makeDecoder()
      decoderFile = unit.file.ordinal
      constants = [:]
    }
    self.unit = unit
    for index in readings.indices { readings[index] = nil }
  }

  /// Releases the file.
  func end() {
    unit = nil
    decoder = nil
    decoderFile = -1
  }

  func read(_ index: Int) throws -> ColumnReading {
    if let known = readings[index] { return known }
    let reading = try decode(index)
    readings[index] = reading
    return reading
  }

  private func decode(_ index: Int) throws -> ColumnReading {
    guard let unit, let decoder else {
      preconditionFailure("read() outside of a unit")
    }
    let column = columns[index]
    switch column.origin {
    case .partition(let name):
      // The path lacks the key: the file's own column counts.
      guard let value = unit.file.file.partition[index] else {
        return ColumnReading(main: try read(name, column, unit, decoder))
      }
      let constant = constants[index] ?? ConstantValue(value, column.type.storage)
      constants[index] = constant
      return ColumnReading(main: constant.vector(rowCount: unit.rows.count))
    case .file(let name):
      var reading = ColumnReading(main: try read(name, column, unit, decoder))
      if let plus = column.plusName {
        reading.plus = try read(plus, .short, unit, decoder)
      }
      return reading
    }
  }

  private func read(
    _ name: String, _ column: QueryColumn, _ unit: ScanUnit, _ decoder: any SegmentDecoder
  ) throws -> ColumnVector {
    guard let reading = column.nested else { return try read(name, column.type, unit, decoder) }
    if unit.file.segment.type(of: name) == nil {
      return ColumnVector(form: .null, rowCount: unit.rows.count)
    }
    return try decoder.readNested(
      rowGroup: unit.rowGroup, column: name, as: reading, rows: unit.rows)
  }

  private func read(
    _ name: String, _ type: ColumnType, _ unit: ScanUnit, _ decoder: any SegmentDecoder
  ) throws -> ColumnVector {
    guard let stored = unit.file.segment.type(of: name) else {
      return ColumnVector(form: .null, rowCount: unit.rows.count)
    }
    if stored == .null { return ColumnVector(form: .null, rowCount: unit.rows.count) }
    guard stored.isReadable(as: type), !unit.file.segment.isNested(name) else {
      throw QueryError(
        .badData,
        "column '\(name)' is \(unit.file.segment.isNested(name) ? "nested" : stored.name) in this file and \(type.name) elsewhere",
        at: unit.file.segment.name,
        remedy: "query files of one type at a time, or name other columns: --columns")
    }
    return try decoder.read(
      rowGroup: unit.rowGroup, column: name, as: type, rows: unit.rows)
  }
}

/// One value at a fixed address.
private final class ConstantValue {
  private let storage = ByteBuffer(capacity: 64)
  private let form: ColumnVector.Form

  init(_ value: BoundValue?, _ kind: StorageKind) {
    switch value {
    case nil: form = .null
    case .number(let number)? where kind == .wide:
      form = .wide
      storage.append(littleEndian: number)
    case .number(let number)? where kind == .doubles:
      form = .doubles
      storage.append(littleEndian: ValueDomain.double(Int64(truncatingIfNeeded: number)).bitPattern)
    case .number(let number)?:
      form = .integers
      storage.append(littleEndian: Int64(truncatingIfNeeded: number))
    case .bytes(let bytes)?:
      form = .codes
      // The code 0, the offsets 0 and count, the text.
      storage.append(littleEndian: Int32(0))
      storage.append(littleEndian: Int32(0))
      storage.append(littleEndian: Int32(bytes.count))
      storage.append(bytes)
    }
  }

  func vector(rowCount: Int) -> ColumnVector {
    var vector = ColumnVector(form: form, rowCount: rowCount)
    vector.isConstant = true
    vector.values = UnsafeRawPointer(storage.base)
    if form == .codes {
      vector.offsets = UnsafeRawPointer(storage.base + 4).assumingMemoryBound(to: Int32.self)
      vector.bytes = UnsafeRawPointer(storage.base + 12)
      vector.entryCount = 1
    }
    return vector
  }
}
