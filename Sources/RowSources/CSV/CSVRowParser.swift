import Bytes
import Columnar

/// The row loop: records of a window to packed rows.
///
/// Frequent forms are read in place by kernels, eight bytes at a time; a field that a kernel does not
/// take is given to `CSVFieldReader`, which knows every form and names what is wrong. The two agree:
/// a test reads the same files with kernels switched off.
final class CSVRowParser {
  let layout: SourceLayout
  let reader: CSVFieldReader
  private let operations: UnsafeMutablePointer<CSVOperation>
  private let operationCount: Int
  private let powers: UnsafeMutablePointer<UInt64>
  private let known: UnsafeMutablePointer<CSVKnownText>
  private let delimiter: UInt8
  private let strings: StringTable
  private let finishesRows: Bool
  /// Row bytes before any field is read: constants and their validity bits.
  private let template: ByteBuffer
  /// What a line begins with that is no row.
  private let comment: UInt8?
  /// Whether rows may end early.
  private let padsRows: Bool
  /// Whether some column from the one at an index on must have a value.
  private let requiredAfter: [Bool]

  /// Data records begun, the line on which the next one begins.
  private(set) var recordCount: Int64 = 0
  private(set) var line: Int64
  /// Where each row of the block began: position in the window, record number, line.
  private(set) var origins: [(position: Int, record: Int64, line: Int64)] = []
  private(set) var rejected: [SourceRejection] = []

  init(
    layout: SourceLayout, operations list: [CSVOperation], reader: CSVFieldReader, delimiter: UInt8,
    strings: StringTable, template: ByteBuffer, line: Int, options: SourceOptions
  ) {
    self.layout = layout
    self.reader = reader
    self.delimiter = delimiter
    self.strings = strings
    self.template = template
    self.line = Int64(line)
    finishesRows = reader.finishesRows
    comment = options.comment
    padsRows = options.padsRows
    let lastRequired = list.lastIndex { $0.isRequired && $0.kind != .skip } ?? -1
    requiredAfter = list.indices.map { $0 <= lastRequired }
    operationCount = list.count
    operations = .allocate(capacity: list.count)
    operations.initialize(from: list, count: list.count)
    powers = .allocate(capacity: 20)
    powers.initialize(from: powersOfTen64, count: 20)
    known = .allocate(capacity: CSVKnownText.count)
    known.initialize(repeating: CSVKnownText(key: 0, code: 0), count: CSVKnownText.count)
  }

  deinit {
    operations.deallocate()
    powers.deallocate()
    known.deallocate()
  }

  /// Rejected rows, and bytes of them, that are held before a block is handed on.
  static let rejectedMax = 4096
  private var rejectedByteCount = 0
  var isFullOfRejected: Bool {
    rejected.count >= Self.rejectedMax || rejectedByteCount >= ByteWindow.recordByteCountMax
  }

  /// Lines that stand below the table, if no row follows.
  private(set) var footer = CSVFooter()

  /// The lines that were held as possible footers are bad rows, where rows followed them.
  func settleFooter() {
    guard let last = origins.last else { return }
    let lines = footer.take(before: last.record + 1)
    for line in lines { append(rejection: line) }
    if !lines.isEmpty { sortRejected() }
  }

  /// Whether the last line, which does not end, was held as a footer: it is a bad row then.
  func rejectCutFooter() -> Bool {
    guard let cut = footer.takeCut(row: recordCount) else { return false }
    append(rejection: cut)
    return true
  }

  func beginBlock() { origins.removeAll(keepingCapacity: true) }

  func takeRejected() -> [SourceRejection] {
    rejectedByteCount = 0
    defer { rejected.removeAll() }
    return rejected
  }

  func append(rejection: SourceRejection) {
    rejected.append(rejection)
    rejectedByteCount += rejection.original.utf8.count
  }

  /// Appends rows to `block` until it has `rowMax`, or the whole records of the window are used up.
  ///
  /// - Parameter safeEnd: Position after the last newline of the window.
  /// - Returns: Position of the first record not read.
  func parse(_ window: ByteWindow, safeEnd: Int, into block: RowBlock, rowMax: Int) throws -> Int {
    let base = window.base
    let stride = layout.layout.stride
    var position = window.start
    block.bytes.reserve(rowMax * stride)
    let rows = block.bytes.base
    var row = block.bytes.count
    let rowEnd = rowMax * stride
    defer { block.bytes.count = row }
    while position < safeEnd && row < rowEnd {
      if let next = CSVHeader.blankLine(base, position, safeEnd) {
        position = next
        line += 1
        continue
      }
      if let comment, base.loadLE(position, as: UInt8.self) == comment {
        guard let next = Self.lineEnd(base, position, safeEnd) else { break }
        position = next
        line += 1
        continue
      }
      let out = rows + row
      out.copyMemory(from: template.base, byteCount: stride)
      let next = parseRecord(base, position, safeEnd, out)
      if next > 0 {
        origins.append((position, recordCount, line))
        recordCount += 1
        line += 1 + Int64(reader.commitRow())
        row += stride
        position = next
      } else {
        reader.dropRow()
        guard
          let record = CSVRecord.whole(
            base, position, window.end, delimiter: delimiter, fieldCountMax: operationCount)
        else { break }
        reject(window, position, record, out)
        position = record.end
        if isFullOfRejected { break }
      }
    }
    return position
  }

  /// Reads one record into a row.
  ///
  /// - Returns: Position after it; −1 where it is rejected or does not end.
  @inline(__always)
  private func parseRecord(
    _ base: UnsafeRawPointer, _ start: Int, _ end: Int, _ out: UnsafeMutableRawPointer
  ) -> Int {
    var position = start
    var index = 0
    while true {
      let operation = operations + index
      var next = kernel(operation, base, position, end, out)
      if next < 0 {
        next = reader.read(index, operation, base, position, end, out)
        if next < 0 { return -1 }
      }
      let byte = base.loadLE(next, as: UInt8.self)
      index &+= 1
      if byte == delimiter {
        if index == operationCount { return extraFields() }
        position = next &+ 1
        continue
      }
      if index < operationCount, !padsRows || requiredAfter[index] { return missingFields(index) }
      if finishesRows && !reader.finish(out) { return -1 }
      return byte == 0x0D ? next &+ 2 : next &+ 1
    }
  }

  /// Reads a field by the kernel of its kind.
  ///
  /// - Returns: Position of the terminator (a delimiter, LF or CR LF); −1 where the field is not of
  ///   the frequent form.
  @inline(__always)
  private func kernel(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ base: UnsafeRawPointer, _ position: Int,
    _ end: Int, _ out: UnsafeMutableRawPointer
  ) -> Int {
    let next: Int
    switch operation.pointee.kind {
    case .number: next = CSVKernel.number(operation, base, position, out, powers)
    case .isoTime: next = CSVKernel.isoTime(operation, base, position, out, powers)
    case .epochTime: next = CSVKernel.epochTime(operation, base, position, out, powers)
    case .text:
      next = CSVKernel.text(operation, base, position, out, delimiter, strings, known)
    case .general, .skip: return -1
    }
    if next < 0 { return -1 }
    let byte = base.loadLE(next, as: UInt8.self)
    if byte == delimiter || byte == 0x0A { return next }
    return byte == 0x0D && base.loadLE(next &+ 1, as: UInt8.self) == 0x0A ? next : -1
  }

  /// The position after a line.
  private static func lineEnd(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int? {
    var at = start
    while at < end {
      if base.loadLE(at, as: UInt8.self) == 0x0A { return at + 1 }
      at += 1
    }
    return nil
  }

  private func missingFields(_ count: Int) -> Int {
    reader.rejection = (
      .raggedRow, "the row has \(count) fields, the header has \(operationCount)", nil
    )
    return -1
  }

  private func extraFields() -> Int {
    reader.rejection = (
      .raggedRow, "the row has more fields than the header's \(operationCount)", nil
    )
    return -1
  }

  private func reject(
    _ window: ByteWindow, _ position: Int, _ record: CSVRecord.Whole,
    _ out: UnsafeMutableRawPointer
  ) {
    let (rule, reason, _) = reader.rejection ?? (.badQuote, "the row cannot be split", nil)
    reader.rejection = nil
    let rejected = rejection(
      window, position, record.end, out, recordCount, line, rule.rawValue, reason)
    if footer.mayHold(record, of: operationCount, in: window.base) {
      if let refused = footer.hold(rejected) { for line in refused { append(rejection: line) } }
    } else {
      append(rejection: rejected)
    }
    recordCount += 1
    line += Int64(record.lineCount)
  }

  /// Puts rows rejected by a rule between those rejected before they were whole, in file order.
  func sortRejected() { rejected.sort { $0.rowNumber < $1.rowNumber } }

  /// Rejects a row that was read, by a rule of the schema.
  func reject(_ window: ByteWindow, _ row: Int, of block: RowBlock, rule: SourceRule) {
    var rejection = original(window, row, of: block)
    rejection.rule = rule.name
    rejection.reason = rule.reason
    append(rejection: rejection)
  }

  /// A row that was read, as it stands in the file.
  func original(_ window: ByteWindow, _ row: Int, of block: RowBlock) -> SourceRejection {
    let origin = origins[row]
    let record = CSVRecord.whole(
      window.base, origin.position, window.end, delimiter: delimiter,
      fieldCountMax: operationCount)
    return rejection(
      window, origin.position, record?.end ?? origin.position,
      block.bytes.base + row * layout.layout.stride, origin.record, origin.line, "", "")
  }

  /// Rows, rising, go from the block.
  func forgetOrigins(of rows: [Int]) {
    for row in rows.reversed() { origins.remove(at: row) }
  }

  /// A rejected row with its original text.
  func rejection(
    _ window: ByteWindow, _ start: Int, _ end: Int, _ row: UnsafeMutableRawPointer,
    _ record: Int64, _ line: Int64, _ rule: String, _ reason: String
  ) -> SourceRejection {
    var stop = end
    if stop > start, window.base.loadLE(stop - 1, as: UInt8.self) == 0x0A { stop -= 1 }
    if stop > start, window.base.loadLE(stop - 1, as: UInt8.self) == 0x0D { stop -= 1 }
    let bytes = UnsafeRawBufferPointer(start: window.base + start, count: stop - start)
    let (original, form) = Original.text(bytes)
    return SourceRejection(
      rule: rule, reason: reason, rowNumber: record + 1, line: line,
      byteOffset: Int64(window.streamOffset(start)), symbol: reader.symbol(row),
      timestamp: reader.timestamp(row), original: original, originalForm: form)
  }
}
