import Columnar
import Foundation
import Parquet
import TestSupport
import Testing

@testable import Tables

@Suite struct SegmentRewriterTests {
  private let files = ToyFiles()
  private let fields = [Field("symbol", .string), Field("ts_event", .timestamp)]

  @Test(arguments: [1, 1 << 20])
  func filesInAnyOrderAreMerged(byteCountMax: Int) throws {
    var random = SeededGenerator(seed: 3)
    var all: [(symbol: String, time: Int64)] = []
    var paths: [String] = []
    for file in 0..<5 {
      var rows = (0..<5000).map { _ in
        (
          symbol: ["A", "B", "", "Zürich", "ZZ"].randomElement(using: &random) ?? "",
          time: Int64.random(in: 0..<2000, using: &random)
        )
      }
      // Two of them are sorted.
      if file < 2 { rows.sort { ($0.symbol, $0.time) < ($1.symbol, $1.time) } }
      all += rows
      paths.append(
        try files.write(
          "\(file).parquet",
          [
            (fields[0], .texts(rows.map(\.symbol))),
            (fields[1], .integers(rows.map(\.time), .timestamp)),
          ]))
    }
    let rewriter = SegmentRewriter(
      fields: fields, order: SortOrder(text: "symbol", numbers: [fields[1]]),
      options: WriterOptions(), directory: files.folder.path, byteCountMax: byteCountMax)
    let segment = try rewriter.merge(
      paths.map { SegmentSource(path: $0) }, day: 0, fileName: "merged.parquet")
    let reader = try SegmentReader(path: segment.path, fields: fields)
    var merged: [String] = []
    for group in reader.rowGroups {
      let columns = try RowColumns(reader, group)
      for row in 0..<group.count {
        merged.append(
          (columns.text("symbol", row) ?? "") + " \(columns.integer("ts_event", row) ?? -1)")
      }
    }
    let wanted = all.sorted {
      let (one, other) = (Array($0.symbol.utf8), Array($1.symbol.utf8))
      return one == other ? $0.time < $1.time : one.lexicographicallyPrecedes(other)
    }
    #expect(merged == wanted.map { $0.symbol + " " + "\($0.time)" })
    let (count, hash) = try reader.fingerprint()
    #expect(count == segment.rowCount && hash == segment.fingerprint)
  }

  /// More files than are opened at once: merged in rounds, whose temporary files are removed; rows with equal
  /// keys keep the order of their files.
  @Test(arguments: [false, true])
  func manyFilesAreMergedInRounds(oneIsUnsorted: Bool) throws {
    let fileCount = 2 * SegmentRewriter.fileCountMax + 3
    let fields = [Field("symbol", .string), Field("number", .long)]
    let input = ToyFiles()
    let paths = try (0..<fileCount).map { file in
      let symbols = oneIsUnsorted && file == 70 ? ["B", "A"] : ["A", "B"]
      return try input.write(
        String(file),
        [
          (fields[0], .texts(symbols)),
          (fields[1], .integers(symbols.map { _ in Int64(file) })),
        ])
    }
    let rewriter = SegmentRewriter(
      fields: fields, order: SortOrder(text: "symbol", numbers: []), options: WriterOptions(),
      directory: files.folder.path, byteCountMax: 1 << 20)
    let segment = try rewriter.merge(
      paths.map { SegmentSource(path: $0) }, day: 0, fileName: "merged.parquet")
    let reader = try SegmentReader(path: segment.path, fields: fields)
    let merged = try reader.rowGroups.flatMap { group in
      let columns = try RowColumns(reader, group)
      return (0..<group.count).map {
        (columns.text("symbol", $0) ?? "") + "\(columns.integer("number", $0) ?? -1)"
      }
    }
    #expect(merged == (0..<fileCount).map { "A\($0)" } + (0..<fileCount).map { "B\($0)" })
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: files.folder.path)
        .allSatisfy { !$0.hasPrefix("round-") })
    #expect(paths.allSatisfy { FileManager.default.fileExists(atPath: $0) })
  }
}
