import Columnar
import Foundation

@testable import RowSources

/// All that a source yields: rows as text by column, rejected rows, the report.
struct Drained {
  var rows: [[String: String]] = []
  var rejected: [SourceRejection] = []
  var report = SourceReport()
  var hash: String?

  var rules: [String] { rejected.map(\.rule) }
  func column(_ name: String) -> [String?] { rows.map { $0[name] } }
}

let barColumns: [SourceColumn] = [
  SourceColumn("symbol", .string, aliases: ["ticker"], isRequired: true),
  SourceColumn(
    "ts_event", .timestamp, aliases: ["timestamp", "ts", "time", "datetime"], isRequired: true),
  SourceColumn("publisher_id", .int),
  SourceColumn("instrument_id", .long),
  SourceColumn("open", .decimal(precision: 18, scale: 9), aliases: ["o"], isRequired: true),
  SourceColumn("high", .decimal(precision: 18, scale: 9), aliases: ["h"], isRequired: true),
  SourceColumn("low", .decimal(precision: 18, scale: 9), aliases: ["l"], isRequired: true),
  SourceColumn("close", .decimal(precision: 18, scale: 9), aliases: ["c"], isRequired: true),
  SourceColumn("volume", .long, aliases: ["v", "vol"]),
  SourceColumn("extra", .string),
]

let barSchema = SourceSchema(
  kind: "ohlcv-1m", columns: barColumns, index: "ts_event",
  rules: [
    SourceRule(
      "high_not_below_low", .quarantine, "high", .greaterOrEqual, .column("low"),
      reason: "The high lies below the low."),
    SourceRule(
      "high_is_highest", .flag, "high", .greaterOrEqual, .column("open"),
      reason: "The open lies above the high."),
    SourceRule(
      "volume_not_negative", .quarantine, "volume", .greaterOrEqual, .number("0"),
      reason: "A volume below zero is no volume."),
  ])

let quoteSchema = SourceSchema(
  kind: "mbp-1",
  columns: [
    SourceColumn("symbol", .string, isRequired: true),
    SourceColumn(
      "ts_recv", .timestamp, aliases: ["timestamp"], hasNanoseconds: true, isRequired: true),
    SourceColumn("ts_event", .timestamp, hasNanoseconds: true),
    SourceColumn("publisher_id", .int), SourceColumn("instrument_id", .long, isRequired: true),
    SourceColumn("action", .string), SourceColumn("side", .string), SourceColumn("depth", .short),
    SourceColumn("price", .decimal(precision: 18, scale: 9)), SourceColumn("size", .long),
    SourceColumn("flags", .short), SourceColumn("ts_in_delta", .int),
    SourceColumn("sequence", .long), SourceColumn("order_id", .long, isUnsigned: true),
    SourceColumn("bid_px_00", .decimal(precision: 18, scale: 9), aliases: ["bid_px"]),
    SourceColumn("ask_px_00", .decimal(precision: 18, scale: 9), aliases: ["ask_px"]),
    SourceColumn("extra", .string),
  ], index: "ts_recv")

func drain(_ source: some RowSource, schema: SourceSchema) throws -> Drained {
  var drained = Drained()
  let block = RowBlock(layout: source.layout)
  while try source.next(block) {
    let base = UnsafeRawPointer(block.bytes.base)
    for row in 0..<block.rowCount {
      drained.rows.append(
        text(of: base + row * source.layout.stride, source, schema: schema))
    }
    drained.rejected += source.takeRejected()
  }
  drained.report = source.report
  drained.hash = source.contentHash
  return drained
}

private func text(
  of row: UnsafeRawPointer, _ source: some RowSource, schema: SourceSchema
) -> [String: String] {
  var values: [String: String] = [:]
  for (column, field) in zip(schema.columns, source.layout.fields) {
    if case .bit(let offset, let mask) = field.null,
      row.load(fromByteOffset: offset, as: UInt8.self) & mask == 0
    {
      continue
    }
    func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T {
      row.loadUnaligned(fromByteOffset: field.offset, as: T.self)
    }
    switch (field.form, column.type) {
    case (.text, _): values[column.name] = source.strings[load(UInt32.self)]
    case (.timestamp, _):
      values[column.name] = TimeText.iso(nanoseconds: load(Int64.self), digits: 9)
    case (.int64, .decimal(_, let scale)):
      values[column.name] = DecimalText.format(
        Int128(load(Int64.self)), scale: scale, trimmed: true)
    case (.int128, .decimal(_, let scale)):
      values[column.name] = DecimalText.format(load(Int128.self), scale: scale, trimmed: true)
    case (.int8, _): values[column.name] = "\(load(Int8.self))"
    case (.int16, _): values[column.name] = "\(load(Int16.self))"
    case (.int32, _): values[column.name] = "\(load(Int32.self))"
    case (.uint64, _): values[column.name] = "\(load(UInt64.self))"
    case (.double, _): values[column.name] = "\(Double(bitPattern: load(UInt64.self)))"
    default: values[column.name] = "\(load(Int64.self))"
    }
  }
  return values
}

func readCSV(
  _ text: String, schema: SourceSchema = barSchema, piece: Int = .max,
  _ configure: (inout SourceOptions) -> Void = { _ in }
) throws -> Drained {
  try readCSV(bytes: Array(text.utf8), schema: schema, piece: piece, configure)
}

func readCSV(
  bytes: [UInt8], schema: SourceSchema = barSchema, piece: Int = .max,
  _ configure: (inout SourceOptions) -> Void = { _ in }
) throws -> Drained {
  var options = SourceOptions()
  if piece != .max { options.chunkByteCount = piece }
  configure(&options)
  let source = try CSVSource(
    supply: MemorySupply(bytes, pieceByteCount: piece), path: "a.csv", schema: schema,
    options: options)
  return try drain(source, schema: schema)
}

/// The error of a file that is refused as a whole.
func csvError(
  _ text: String, schema: SourceSchema = barSchema,
  _ configure: (inout SourceOptions) -> Void = { _ in }
) -> SourceError? {
  do {
    _ = try readCSV(text, schema: schema, configure)
    return nil
  } catch {
    return error as? SourceError
  }
}

/// The folder of shared test data: `LAKE_SHARED`, or `../shared` beside the checkout.
let sharedData: URL? = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  let folder =
    ProcessInfo.processInfo.environment["LAKE_SHARED"].map { URL(fileURLWithPath: $0) }
    ?? root.deletingLastPathComponent().appendingPathComponent("shared")
  let data = folder.appendingPathComponent("data")
  return FileManager.default.fileExists(atPath: data.path) ? data : nil
}()
