import Bytes
import Columnar

/// Formats the rows of one unit after another as text, on one thread.
final class RowText {
  private let columns: [QueryColumn]
  private let layout: RowLayoutKind
  private let cells: UnsafeMutablePointer<PrintedColumn>
  private let prefixes: [ByteBuffer]
  private var dictionaries: [DictionaryText]
  /// The columns of the current unit.
  private(set) var taken: [ColumnReading] = []
  /// Upper bound of the current rows' bytes; 0 if they grow the buffer.
  private(set) var bound = 0
  /// The part of `bound` that is text.
  private(set) var textBound = 0
  /// The text of the last formatted unit.
  let out = ByteBuffer()

  init(columns: [QueryColumn], layout: RowLayoutKind) {
    self.columns = columns
    self.layout = layout
    cells = .allocate(capacity: columns.count)
    prefixes = columns.enumerated().map { index, column in
      let prefix = ByteBuffer(capacity: 64)
      prefix.append(Self.prefix(column.name, at: index, layout))
      return prefix
    }
    dictionaries = columns.map { _ in DictionaryText() }
    for (index, column) in columns.enumerated() {
      var type = column.type
      if column.isUnsigned64 { type = .integer(bitWidth: 64, isSigned: false) }
      var cell = PrintedColumn(
        type: type, isPair: column.isPair, digits: column.digits, layout: layout)
      let prefix = prefixes[index]
      cell.prefixCount = prefix.count
      if prefix.count > 16 {
        cell.longPrefix = UnsafeRawPointer(prefix.base)
      } else {
        cell.prefix = UnsafeRawPointer(prefix.base).loadUnaligned(as: SIMD2<UInt64>.self)
      }
      (cells + index).initialize(to: cell)
    }
  }

  deinit { cells.deallocate() }

  func prefixByteCount(_ column: Int) -> Int { cells[column].prefixCount }

  /// The header line; empty for JSON lines.
  static func header(_ columns: [QueryColumn], layout: RowLayoutKind) -> [UInt8] {
    guard case .delimited(let separator) = layout else { return [] }
    var line: [UInt8] = []
    for (index, column) in columns.enumerated() {
      if index > 0 { line.append(separator) }
      line += escaped(column.name, layout)
    }
    return line + [0x0A]
  }

  private static func escaped(_ name: String, _ layout: RowLayoutKind) -> [UInt8] {
    let bytes = Array(name.utf8)
    let buffer = ByteBuffer(
      capacity: TextEscape.escapedByteCountMax(bytes.count) + textSlackByteCount)
    bytes.withUnsafeBytes { raw in
      let start = raw.baseAddress ?? UnsafeRawPointer(buffer.base)
      let end = putBytes(
        start, bytes.count, kind: .text, isJSON: layout == .jsonLines,
        separator: layout.separator, buffer.base)
      buffer.count = end - buffer.base
    }
    return Array(buffer.bytes)
  }

  private static func prefix(_ name: String, at index: Int, _ layout: RowLayoutKind) -> [UInt8] {
    switch layout {
    case .delimited(let separator): index == 0 ? [] : [separator]
    case .jsonLines: [index == 0 ? 0x7B : 0x2C] + escaped(name, layout) + [0x3A]
    case .binary: []
    }
  }

  /// Formats the picked rows into `out`.
  ///
  /// - Parameter readings: One per column; their memory must stay valid during the call.
  func format(_ readings: [ColumnReading], _ pick: RowPick) throws {
    out.count = 0
    if pick.count == 0 { return }
    try begin(readings, pick)
    try reserve(bound)
    format(pick)
  }

  /// Formats some of the rows passed to `begin` into `out`, if there is room for them.
  func format(_ pick: RowPick) {
    out.count = 0
    if layout == .binary {
      for index in 0..<pick.count {
        BinaryRows.append(taken, columns, row: pick.row(index), to: out)
      }
      return
    }
    let end = formatRows(cells, columns.count, layout: layout, pick, out.base)
    out.count = end - out.base
  }

  /// Formats one of the rows passed to `begin`, after `reserveRow`. Valid until the next row.
  func row(_ row: Int) -> UnsafeRawBufferPointer {
    if layout == .binary {
      out.count = 0
      BinaryRows.append(taken, columns, row: row, to: out)
      return out.bytes
    }
    let end = formatRows(
      cells, columns.count, layout: layout, RowPick(first: row, count: 1), out.base)
    return UnsafeRawBufferPointer(start: out.base, count: end - out.base)
  }

  /// Sets the columns of a unit, of which at most the picked rows will be formatted.
  func begin(_ readings: [ColumnReading], _ pick: RowPick) throws {
    out.count = 0
    taken = readings
    (bound, textBound) = (0, 0)
    if layout == .binary {
      textBound = pick.count * readings.reduce(0) { $0 + Self.longest($1.main) }
      return
    }
    var byteCount = pick.count * 3
    for index in columns.indices {
      byteCount += pick.count * (cells[index].prefixCount + 2)
      let more = try set(index, readings[index], pick)
      byteCount += more
      switch readings[index].main.form {
      case .codes, .bytes: textBound += more
      case .integers, .wide, .doubles, .null: break
      }
    }
    bound = byteCount + textSlackByteCount
  }

  /// Points a cell to its values; returns an upper bound of their text's bytes.
  private func set(_ index: Int, _ reading: ColumnReading, _ pick: RowPick) throws -> Int {
    let cell = cells + index
    let vector = reading.main
    cell.pointee.validity = vector.isConstant ? nil : vector.validity
    if let values = vector.values { cell.pointee.values = values }
    if vector.form == .null || vector.isConstant {
      return try setConstant(index, vector, pick)
    }
    switch vector.form {
    case .codes:
      try dictionaries[index].set(vector, layout: layout, kind: valueKind(index))
      cell.pointee.kind = .coded
      cell.pointee.textOffsets = dictionaries[index].offsets
      cell.pointee.texts = UnsafeRawPointer(dictionaries[index].texts.base)
      // A null may be longer than all texts.
      let null = layout.null(columnCount: columns.count)
      return pick.count * Swift.max(dictionaries[index].byteCountMax, null.count)
    case .bytes:
      cell.pointee.kind = valueKind(index)
      if let offsets = vector.offsets { cell.pointee.values = UnsafeRawPointer(offsets) }
      cell.pointee.extra = vector.bytes
      var total = 0
      if let offsets = vector.offsets {
        total = Int(offsets[vector.rowCount]) - Int(offsets[0])
      }
      // Each row of a unit is picked once, so the text is at most the whole, escaped.
      return 6 * total + 48 * pick.count
    default:
      cell.pointee.kind = valueKind(index)
      cell.pointee.extra = reading.plus?.values
      cell.pointee.extraValidity = reading.plus?.validity
      return pick.count * 48
    }
  }

  /// How a value of the column is printed if it is not dictionary-coded.
  private func valueKind(_ index: Int) -> CellKind {
    let column = columns[index]
    if column.nested != nil { return .nested }
    let type =
      column.isUnsigned64 ? ColumnType.integer(bitWidth: 64, isSigned: false) : column.type
    return PrintedColumn(type: type, isPair: column.isPair, digits: column.digits, layout: layout)
      .kind
  }

  /// One text for all rows.
  private func setConstant(
    _ index: Int, _ vector: ColumnVector, _ pick: RowPick
  ) throws -> Int {
    let cell = cells + index
    cell.pointee.validity = nil
    let store = dictionaries[index]
    if vector.form == .null {
      let null = layout.null(columnCount: columns.count)
      store.setSingle(withUnsafeBytes(of: null.word) { Array($0.prefix(null.count)) })
    } else if vector.form == .codes || vector.form == .bytes {
      try store.set(vector, layout: layout, kind: valueKind(index))
    } else {
      var single = cell.pointee
      single.kind = valueKind(index)
      single.prefixCount = 0
      single.longPrefix = nil
      let scratch = ByteBuffer(capacity: 256)
      let end = withUnsafeMutablePointer(to: &single) {
        formatRows($0, 1, layout: layout, RowPick(first: 0, count: 1), scratch.base)
      }
      // Without the end of the row.
      let count = end - scratch.base - (layout == .jsonLines ? 2 : 1)
      store.setSingle(Array(UnsafeRawBufferPointer(start: scratch.base, count: count)))
    }
    cell.pointee.kind = .constant
    cell.pointee.textOffsets = store.offsets
    cell.pointee.texts = UnsafeRawPointer(store.texts.base)
    return pick.count * store.byteCountMax
  }
}

/// The texts of a dictionary, ready to be copied.
final class DictionaryText {
  let texts = ByteBuffer(capacity: 64)
  private let offsetStore = ByteBuffer(capacity: 64)
  private(set) var byteCountMax = 0
  private var stamp = 0

  var offsets: UnsafePointer<Int32> {
    UnsafePointer(offsetStore.base.assumingMemoryBound(to: Int32.self))
  }

  func set(_ vector: ColumnVector, layout: RowLayoutKind, kind: CellKind) throws {
    if vector.dictionaryStamp != 0, vector.dictionaryStamp == stamp { return }
    begin()
    stamp = vector.dictionaryStamp
    let count = vector.form == .codes ? vector.entryCount : 1
    for entry in 0..<count {
      let bytes = vector.entry(entry)
      let wanted =
        texts.count + TextEscape.escapedByteCountMax(bytes.count) + 48 + textSlackByteCount
      if wanted > texts.capacity { try RowText.checkRoom(wanted) }
      texts.reserve(wanted)
      let start = texts.base + texts.count
      let end = putBytes(
        bytes.baseAddress ?? UnsafeRawPointer(start), bytes.count, kind: kind,
        isJSON: layout == .jsonLines, separator: layout.separator, start)
      close(at: texts.count + (end - start))
    }
  }

  func setSingle(_ text: [UInt8]) {
    begin()
    texts.append(text)
    close(at: texts.count)
  }

  private func begin() {
    stamp = 0
    texts.count = 0
    offsetStore.count = 0
    byteCountMax = 0
    offsetStore.append(littleEndian: Int32(0))
  }

  private func close(at end: Int) {
    let start = offsetStore.bytes.loadUnaligned(
      fromByteOffset: offsetStore.count - 4, as: Int32.self)
    texts.count = end
    byteCountMax = Swift.max(byteCountMax, end - Int(start))
    offsetStore.append(littleEndian: Int32(end))
    // A null row's code may be 0 in an empty dictionary, and a text is copied 16 bytes at a time.
    texts.reserve(texts.count + 16)
  }
}
