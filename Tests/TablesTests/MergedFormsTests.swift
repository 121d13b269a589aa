import Columnar
import Parquet
import TestSupport
import Testing

@testable import Tables

/// Merges files whose columns have different storage, or are missing.
@Suite struct MergedFormsTests {
  private let files = ToyFiles()
  private let fields = [
    Field("symbol", .string), Field("ts_event", .timestamp), Field("ts_event_plus_ns", .short),
    Field("text", .string), Field("wide", .decimal(precision: 38, scale: 18)),
    Field("number", .double), Field("late", .string),
  ]

  /// A row in the test: one text per column, nil for null.
  private typealias Row = [String?]

  private func column(_ index: Int, _ rows: [Row]) -> Column {
    let values = rows.map { $0[index] }
    let validity = values.contains(nil) ? values.map { $0 == nil ? UInt8(0) : 1 } : nil
    let storage: Column.Storage =
      switch fields[index].type.storage {
      case .integers: .integers(values.map { $0.flatMap { Int64($0) } ?? 0 })
      case .wide: .wide(values.map { $0.flatMap { Int128($0) } ?? 0 })
      case .doubles: .doubles(values.map { $0.flatMap { Double($0) } ?? 0 })
      case .bytes: .bytes(ByteColumn(values.map { $0 ?? "" }))
      }
    return Column(type: fields[index].type, storage: storage, validity: validity)
  }

  private func texts(_ column: Column) -> [String?] {
    (0..<column.count).map { row in
      if column.isNull(row) { return nil }
      switch column.storage {
      case .integers(let values): return "\(values[row])"
      case .wide(let values): return "\(values[row])"
      case .doubles(let values): return "\(values[row])"
      case .bytes(let values): return values[row]
      case .codes(let codes, let dictionary): return dictionary[Int(codes[row])]
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func rowsKeepTheirValues(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var all: [Row] = []
    var paths: [String] = []
    for file in 0..<4 {
      // Repeated texts are stored in a dictionary, others plain; one file lacks the last column.
      let isRepeating = file.isMultiple(of: 2)
      var rows: [Row] = (0..<2000).map { number in
        [
          ["A", "B", "C"].randomElement(using: &random),
          "\(Int.random(in: 0..<500, using: &random))",
          Bool.random(using: &random) ? "\(Int.random(in: 0..<1000, using: &random))" : nil,
          isRepeating
            ? ["x", "yy", nil].randomElement(using: &random) ?? nil
            : "\(file)-\(number)-\(UInt64.random(in: 0...(.max), using: &random))",
          file == 1 ? nil : "\(Int128(number) << 80)", "\(Double(number) / 4)",
          file == 3 ? nil : "late",
        ]
      }
      rows.sort { ($0[0] ?? "", Int($0[1] ?? "") ?? 0) < ($1[0] ?? "", Int($1[1] ?? "") ?? 0) }
      all += rows
      let count = file == 3 ? fields.count - 1 : fields.count
      paths.append(
        try files.write(
          "\(file).parquet", (0..<count).map { (fields[$0], column($0, rows)) },
          groupRowMax: file == 2 ? 700 : 5000))
    }
    let rewriter = SegmentRewriter(
      fields: fields, order: SortOrder(text: "symbol", numbers: [fields[1]]),
      options: WriterOptions(), directory: files.folder.path, byteCountMax: 1 << 20)
    let segment = try rewriter.merge(
      paths.map { SegmentSource(path: $0) }, day: 0, fileName: "merged.parquet")
    let reader = try SegmentReader(path: segment.path, fields: fields)
    var merged: [Row] = []
    for group in reader.rowGroups {
      let columns = try fields.map { texts(try reader.column($0, group)) }
      for row in 0..<group.count { merged.append(columns.map { $0[row] }) }
    }
    // Rows with equal keys keep the order of their files, and their order within a file.
    let wanted = all.enumerated().sorted { one, other in
      let (left, right) = (one.element, other.element)
      let keys = (
        (left[0] ?? "", Int(left[1] ?? "") ?? 0), (right[0] ?? "", Int(right[1] ?? "") ?? 0)
      )
      return keys.0 == keys.1 ? one.offset < other.offset : keys.0 < keys.1
    }.map(\.element)
    #expect(merged == wanted, "seed \(seed)")
    #expect(try reader.fingerprint() == (segment.rowCount, segment.fingerprint))
  }

  @Test func anInterruptedMergeStops() throws {
    let path = try files.write("a.parquet", [(fields[0], .texts(["A"]))])
    let rewriter = SegmentRewriter(
      fields: [fields[0]], order: .asStored, options: WriterOptions(),
      directory: files.folder.path, byteCountMax: 1 << 20)
    let error = #expect(throws: PassError.self) {
      try rewriter.merge(
        [path, path].map { SegmentSource(path: $0) }, day: 0, fileName: "m.parquet"
      ) { true }
    }
    #expect(error?.code == .interrupted)
  }
}
