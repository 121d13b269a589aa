import Bytes
import Columnar
import Databento
import JSON
import Market
import Parquet

/// A Parquet file of others being turned into packed rows, a block of one row group at a time.
///
/// Prices in doubles are taken by their shortest decimal digits, and only where these fit.
public final class ParquetSource: RowSource {
  /// Bytes of text that a block of rows, or the sample, is to have at most.
  private static let blockTextByteCount = 16 << 20

  /// How a row lies in a block.
  public let layout: RowLayout
  /// Columns that the file has, by the table's names.
  public let filledColumns: Set<String>?
  /// In which zone dates without a time are read, and one of them.
  public let dates: (zone: TimeZoneRules, example: Int)?
  /// The texts of all rows.
  public let strings: StringTable
  private let reader: ParquetReader
  /// Those of its columns that are read.
  private let leaves: ParquetLeaves
  private let path: String
  private let plan: ParquetPlan
  private var fills: [ParquetFill?]
  private var letters: LetterColumns
  private let template: ByteBuffer
  private let rules: RowRuleEvaluator
  private let blockRowMax: Int
  private let textByteCountMax: Int
  private var columns: [Column]
  private var scanners: [ColumnPageScanner] = []
  private var rowGroup = 0
  private var rowsLeft = 0
  /// Rows of a block in this row group.
  private var blockRowCount = 0
  private var rowNumber: Int64 = 0
  private var rejected: [SourceRejection] = []
  private var totals: SourceReport
  private var instrumentCodes: [Int64: UInt32] = [:]
  /// SHA-256 of the file; nil before its end.
  public private(set) var contentHash: String?

  /// Opens a file and decides how it is read.
  ///
  /// - Parameter schema: Called once with what the file's columns are; says what its rows are.
  public init(
    path: String, options: SourceOptions, schema: (SourceColumnNames) throws -> SourceSchema
  ) throws {
    self.path = path
    // A page is held whole, and its texts once more: a few kilobytes may stand for very long ones.
    reader = try ParquetReader(path: path, textPageByteCountMax: options.textByteCountMax)
    strings = StringTable()
    blockRowMax = max(options.blockRowMax, 1)
    textByteCountMax = options.textByteCountMax
    do {
      leaves = try ParquetLeaves(reader.leaves, options.columnMap)
      let (names, samples) = try Self.sample(reader, leaves)
      let schema = try schema(SourceColumnNames(names: names, samples: samples))
      let layout = SourceLayout(schema)
      self.layout = layout.layout
      var options = options
      options.columnMap = leaves.columnMap
      plan = try ParquetPlan(
        leaves: leaves.columns, names: names, samples: samples, schema: schema, layout: layout,
        options: options)
      fills = plan.fills
      letters = plan.letters
      filledColumns = plan.filledColumns
      dates = plan.dates
      template = layout.template(schema, options, strings)
      rules = try RowRuleEvaluator(schema.rules, schema: schema, layout: layout)
      totals = plan.report
    } catch let error as SourceError {
      throw error.at(path)
    }
    columns = leaves.columns.map { Column(type: $0.type, storage: .integers([])) }
  }

  /// The columns' names and the first values of each, as text.
  private static func sample(
    _ reader: ParquetReader, _ leaves: ParquetLeaves
  ) throws -> ([String], [[[UInt8]]]) {
    var samples = [[[UInt8]]](repeating: [], count: leaves.columns.count)
    if leaves.columns.count > CSVHeader.columnCountMax {
      throw SourceError(
        .tooManyColumns, "the file has more than \(CSVHeader.columnCountMax) columns")
    }
    if let group = reader.metadata.rowGroups.indices.first(where: {
      reader.rowCount(rowGroup: $0) > 0
    }) {
      let portion = reader.rowPortion(
        rowGroup: group, leaves: leaves.indexes, byteCount: blockTextByteCount,
        limit: CSVHeader.sampleLineCount)
      let count = min(reader.rowCount(rowGroup: group), portion)
      for (index, leaf) in leaves.columns.enumerated() {
        var column = Column(type: leaf.type, storage: .integers([]))
        try reader.readColumn(
          rowGroup: group, leaf: leaves.indexes[index], rows: 0..<count, into: &column)
        samples[index] = (0..<count).compactMap { row in
          ParquetCell.words(column, row).map { Array($0.text.utf8) }
        }
      }
    }
    return (leaves.columns.map(\.name), samples)
  }

  /// What was read so far.
  public var report: SourceReport {
    var report = totals
    for fill in fills {
      report.ambiguousTimeCount += fill?.times.ambiguousCount ?? 0
      report.sentinelCount += (fill?.sentinelCount ?? 0) + (fill?.times.sentinelCount ?? 0)
    }
    return report
  }

  /// Rows for quarantine since the last call.
  public func takeRejected() -> [SourceRejection] {
    defer { rejected.removeAll() }
    return rejected
  }

  /// Reads rows into a block; false at the end.
  public func next(_ block: RowBlock) throws -> Bool {
    block.bytes.removeAll()
    while rowsLeft == 0 {
      if rowGroup == reader.rowGroupCount {
        if contentHash == nil { contentHash = try hashFile() }
        return false
      }
      rowsLeft = reader.rowCount(rowGroup: rowGroup)
      scanners = try leaves.indexes.map {
        try reader.makeColumnScanner(rowGroup: rowGroup, leaf: $0)
      }
      blockRowCount = reader.rowPortion(
        rowGroup: rowGroup, leaves: leaves.indexes, byteCount: Self.blockTextByteCount,
        limit: blockRowMax)
      rowGroup += 1
    }
    let count = min(rowsLeft, blockRowCount)
    for index in scanners.indices { try scanners[index].read(rows: count, into: &columns[index]) }
    rowsLeft -= count
    do throws(SourceError) {
      try fill(block, count)
    } catch {
      throw error.at(path)
    }
    return true
  }

  private func fill(_ block: RowBlock, _ count: Int) throws(SourceError) {
    let stride = layout.stride
    block.bytes.reserve(count * stride)
    block.bytes.count = count * stride
    let rows = block.bytes.base
    for row in 0..<count {
      (rows + row * stride).copyMemory(from: template.base, byteCount: stride)
    }
    var faults = ParquetFaults()
    for index in columns.indices {
      fills[index]?.fill(columns[index], count, rows, stride, strings, &faults)
    }
    for row in 0..<count { finish(row, rows + row * stride, &faults) }
    var flags = RowFlags(rules)
    for finding in rules.broken(rows, rowCount: count, stride: stride) {
      let rule = rules.rules[finding.rule]
      switch rule.action {
      case .fail:
        throw SourceError(
          .brokenRule, "\(rule.name): \(rule.reason) (row \(rowNumber + Int64(finding.row) + 1))",
          remedy: "correct the row, or the file's source")
      case .flag: flags.add(finding)
      case .quarantine: faults.add(finding.row, rule: rule.name, reason: rule.reason)
      }
    }
    flags.count(apartFrom: faults.rows, in: &totals)
    for row in faults.rows { reject(row, rows + row * stride, faults) }
    RowBlockEdit.remove(faults.rows, from: block)
    block.firstOrdinal = totals.rowCount
    totals.rowCount += Int64(block.rowCount)
    rowNumber += Int64(count)
    if strings.values.bytes.count > textByteCountMax {
      throw SourceError(
        .tooManyTexts,
        "the file's distinct texts take more than \(textByteCountMax >> 20) MiB",
        remedy: SourceError.fewerTexts)
    }
  }

  /// What takes more than one column: extra, the symbol of a number, checks, required fields.
  private func finish(_ row: Int, _ out: UnsafeMutableRawPointer, _ faults: inout ParquetFaults) {
    if let source = plan.symbolSource, source.instrument.isValid(out) {
      let id = UnsafeRawPointer(out).loadLE(source.instrument.offset, as: Int64.self)
      let code = instrumentCodes[id] ?? strings.code("INSTRUMENT_\(id)")
      instrumentCodes[id] = code
      out.storeLE(code, source.symbol.offset)
      source.symbol.markValid(out)
    }
    for check in plan.recordTypes {
      guard let text = ParquetCell.text(columns[check.column], row) else { continue }
      if UInt8(text).map({ check.expected.contains($0) }) == true { continue }
      faults.add(row, .otherRecordType, "record type '\(text)' is not of this kind")
    }
    addRemainders(row, out, &faults)
    if !letters.isEmpty, let reason = letters.settle(out, strings) {
      faults.add(row, .unknownLetter, reason)
    }
    for column in plan.blanks where ParquetCell.text(columns[column], row)?.isEmpty == false {
      faults.add(row, .unsupportedValue, "'\(plan.names[column])': \(ColumnAssignment.notBlank)")
    }
    if let (from, to) = plan.copiedTime, from.isValid(out) {
      out.storeLE(UnsafeRawPointer(out).loadLE(from.offset, as: Int64.self), to.offset)
      to.markValid(out)
    }
    if let extra = plan.extraField {
      let json = extraText(row, out)
      if json.count > 2 {
        out.storeLE(json.withUnsafeBytes { strings.code($0) }, extra.offset)
        extra.markValid(out)
      }
    }
    for (name, field) in plan.required where !field.isValid(out) {
      faults.add(row, .nullRequired, "'\(name)': there is no value, and every row needs one")
    }
  }

  /// Adds to each time of microseconds its nanoseconds, where these are a column.
  private func addRemainders(
    _ row: Int, _ out: UnsafeMutableRawPointer, _ faults: inout ParquetFaults
  ) {
    for (index, time) in plan.remainders where !columns[index].isNull(row) {
      let nanoseconds: Int64
      if case .integers(let values) = columns[index].storage, case .integer = columns[index].type {
        nanoseconds = values[row]
      } else {
        // Frames make doubles of integers that may be null.
        nanoseconds = ParquetCell.text(columns[index], row).flatMap { Int64($0) } ?? -1
      }
      let name = plan.names[index]
      if !TimeRemainder.range.contains(Int128(nanoseconds)) {
        let text = ParquetCell.text(columns[index], row)
        // A NaN is a frame's null.
        if let text { faults.add(row, .doesNotFit, "'\(name)': '\(text)' is outside 0…999") }
      } else if let (rule, reason) = TimeRemainder.add(nanoseconds, to: time, of: out) {
        faults.add(row, rule, "'\(name)': \(reason)")
      }
    }
  }

  /// What of a row goes into `extra`: unknown columns, another table's own, and a date that the
  /// partition does not say.
  private func extraText(_ row: Int, _ out: UnsafeRawPointer) -> [UInt8] {
    var json = membersText(row)
    guard let index = plan.dateColumn, let text = ParquetCell.text(columns[index], row),
      !text.isEmpty, !isPartitionDate(text, out)
    else { return json }
    json.removeLast()
    if json.count > 1 { json.append(0x2C) }
    let length = json.count
    JSONWriter.appendQuoted(ExtraObject.dateKey(plan.keys[index], beside: json), to: &json)
    json.append(0x3A)
    if !ParquetCell.appendJSON(columns[index], row, to: &json) { json.removeSubrange(length...) }
    json.append(0x7D)
    return json
  }

  /// Whether a text is the date of the partition that a row belongs to, be it as midnight of that date.
  private func isPartitionDate(_ text: String, _ out: UnsafeRawPointer) -> Bool {
    guard plan.indexField.isValid(out) else { return false }
    let time = out.loadLE(plan.indexField.offset, as: Int64.self)
    let zeros = text.utf8.dropFirst(10).allSatisfy { "T :0.Z+".utf8.contains($0) }
    let day = CivilDate(iso: zeros ? String(text.prefix(10)) : text)
    let own =
      plan.partitionZone?.localDay(nanoseconds: time)
      ?? Int(floorDivide(time, CivilDate.nanosecondsPerDay))
    return day?.daysSinceEpoch == own
  }

  private func membersText(_ row: Int) -> [UInt8] {
    let unknown = object(plan.extraColumns, row)
    guard let index = plan.extraObject, let (text, _) = ParquetCell.words(columns[index], row)
    else {
      return unknown
    }
    let members = Array(text.utf8).withUnsafeBytes {
      ExtraObject.members(TextConversion.trimmed($0), apartFrom: plan.extraNames)
    }
    guard let members else { return object(plan.extraColumns + [index], row) }
    if members.isEmpty { return unknown }
    return unknown.dropLast() + (unknown.count > 2 ? [0x2C] : []) + members + [0x7D]
  }

  /// A row's values of some columns as a JSON object, nulls left out.
  private func object(_ chosen: [Int], _ row: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x7B]
    for index in chosen {
      let length = bytes.count
      if length > 1 { bytes.append(0x2C) }
      JSONWriter.appendQuoted(plan.keys[index], to: &bytes)
      bytes.append(0x3A)
      if !ParquetCell.appendJSON(columns[index], row, to: &bytes) {
        bytes.removeSubrange(length...)
      }
    }
    bytes.append(0x7D)
    return bytes
  }

  private func reject(_ row: Int, _ out: UnsafeMutableRawPointer, _ faults: ParquetFaults) {
    guard let fault = faults[row] else { return }
    let symbol = plan.symbolField.flatMap { field in
      field.isValid(out)
        ? strings[UnsafeRawPointer(out).loadLE(field.offset, as: UInt32.self)] : nil
    }
    let time =
      plan.indexField.isValid(out)
      ? UnsafeRawPointer(out).loadLE(plan.indexField.offset, as: Int64.self) : nil
    totals.rejectedCount += 1
    rejected.append(
      SourceRejection(
        rule: fault.rule, reason: fault.reason, rowNumber: rowNumber + Int64(row) + 1, line: nil,
        byteOffset: nil, symbol: symbol, timestamp: time,
        original: String(decoding: object(Array(columns.indices), row), as: UTF8.self),
        originalForm: .json))
  }

  /// The identity of a Parquet file is that of its bytes.
  private func hashFile() throws -> String {
    let supply = try FileSupply(path: path)
    let buffer = ByteBuffer(capacity: 1 << 20)
    let target = UnsafeMutableRawBufferPointer(start: buffer.base, count: 1 << 20)
    var hash = SHA256()
    while true {
      let count = try supply.read(into: target)
      if count == 0 { break }
      hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<count]))
    }
    return hash.finalHex()
  }
}
