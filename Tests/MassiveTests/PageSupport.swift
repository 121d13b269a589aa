import Bytes
import Columnar
import Foundation
import JSON
import Massive
import TestSupport
import Testing

/// A page's rows as text, field by field.
struct ReadPage {
  var envelope: PageEnvelope
  var rows: [[String: String]] = []
  var rejected: [RejectedRecord] = []
  var end = 0

  init(
    _ kind: PageKind, _ json: String, context: PageContext = PageContext(asOf: 0),
    scales: [String: Int] = ReadPage.scales
  ) throws {
    try self.init(kind, Array(json.utf8), context: context, scales: scales)
  }

  init(
    _ kind: PageKind, _ json: [UInt8], context: PageContext = PageContext(asOf: 0),
    scales: [String: Int] = ReadPage.scales
  ) throws {
    let strings = StringTable()
    let parser = try PageParser(kind, strings: strings, context: context)
    let block = RowBlock(layout: kind.layout)
    (envelope, end) = try json.withUnsafeBytes { try parser.parse($0, into: block) }
    rejected = parser.takeRejected()
    let scales = kind == .indexBars ? Self.indexScales : scales
    for index in 0..<block.rowCount {
      let row = UnsafeRawPointer(block.bytes.base) + index * kind.layout.stride
      rows.append(Self.text(row, kind.layout, strings, scales))
    }
  }

  static let scales = [
    "o": 9, "h": 9, "l": 9, "c": 9, "v": 6, "vw": 9, "strike_price": 9, "shares_per_contract": 6,
    "open": 18, "high": 18, "low": 18, "close": 18, "preMarket": 18, "afterHours": 18, "volume": 6,
  ]
  static let indexScales = ["o": 18, "h": 18, "l": 18, "c": 18]

  static func text(
    _ row: UnsafeRawPointer, _ layout: RowLayout, _ strings: StringTable, _ scales: [String: Int]
  ) -> [String: String] {
    var values: [String: String] = [:]
    for field in layout.fields {
      if case .bit(let offset, let mask) = field.null,
        row.load(fromByteOffset: offset, as: UInt8.self) & mask == 0
      {
        continue
      }
      let number: Int128
      switch field.form {
      case .text:
        values[field.name] = strings[row.loadLE(field.offset, as: UInt32.self)]
        continue
      case .int8: number = Int128(row.loadLE(field.offset, as: Int8.self))
      case .int32: number = Int128(row.loadLE(field.offset, as: Int32.self))
      case .int128: number = row.loadLE(field.offset, as: Int128.self)
      default: number = Int128(row.loadLE(field.offset, as: Int64.self))
      }
      values[field.name] = DecimalText.format(
        number, scale: scales[field.name] ?? 0, trimmed: true)
    }
    return values
  }
}

/// The shared data, if present.
enum SharedData {
  static let root: String? = {
    let named = ProcessInfo.processInfo.environment["LAKE_SHARED"]
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let beside = here.appendingPathComponent("../../../shared").standardized.path
    let path = named ?? beside
    return FileManager.default.fileExists(atPath: path + "/data") ? path : nil
  }()

  /// Files below `folder` of the shared data that end in `.json`, sorted.
  static func json(in folder: String) -> [String] {
    guard let root else {
      print("SKIPPED: no shared data for \(folder)")
      return []
    }
    let base = root + "/data/" + folder
    let found = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".json") }.sorted().map { base + "/" + $0 }
  }
}
