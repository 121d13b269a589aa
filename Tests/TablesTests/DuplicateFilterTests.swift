import Bytes
import Columnar
import TestSupport
import Testing

@testable import Tables

/// The filter, compared with one that looks at all rows at once.
@Suite struct DuplicateFilterTests {
  private let fields = [
    Field("symbol", .string), Field("ts_event", .timestamp), Field("ts_event_plus_ns", .short),
    Field("publisher", .long), Field("price", .double), Field("note", .string),
    Field("source_ordinal", .long),
  ]
  private let order = SortOrder(
    text: "symbol", numbers: [Field("ts_event", .timestamp), Field("ts_event_plus_ns", .short)])
  private let key: Set<String> = ["symbol", "ts_event", "publisher"]

  private struct Row: Hashable {
    var symbol: String
    var time: Int64
    var nanoseconds: Int64
    var publisher: Int64?
    var price: Double
    var note: String?
    var ordinal: Int64
  }

  private func column(_ field: Field, _ rows: ArraySlice<Row>) -> Column {
    switch field.name {
    case "symbol": .texts(rows.map(\.symbol))
    case "ts_event": .integers(rows.map(\.time), .timestamp)
    case "ts_event_plus_ns": .integers(rows.map(\.nanoseconds), .short)
    case "publisher": .integers(rows.map(\.publisher))
    case "price": Column(type: .double, storage: .doubles(rows.map(\.price)))
    case "note":
      Column(
        type: .string, storage: .bytes(ByteColumn(rows.map { $0.note ?? "" })),
        validity: rows.map { $0.note == nil ? 0 : 1 })
    default: .integers(rows.map(\.ordinal))
    }
  }

  /// Rows that are kept, duplicates and conflicts, with the rows in groups of `size`.
  private func judge(_ rows: [Row], groupSize size: Int) throws -> ([Row], Int, [Row]) {
    var filter = DuplicateFilter(fields: fields, order: order, keyColumns: key)
    var result: ([Row], Int, [Row]) = ([], 0, [])
    var dropped = Fingerprint()
    for first in stride(from: 0, to: rows.count, by: size) {
      let part = rows[first..<min(first + size, rows.count)]
      let verdict = try filter.judge(rowCount: part.count) { field, some in
        some.map { column(field, part).rows($0) } ?? column(field, part)
      }
      result.0 += verdict.kept.map { rows[first + $0] }
      result.1 += verdict.duplicateCount
      result.2 += verdict.conflicts.map { rows[first + $0] }
      dropped &+= verdict.dropped
    }
    // The removed and the kept rows add up to the input.
    dropped &+= fingerprint(result.0[...])
    #expect(dropped == fingerprint(rows[...]))
    return result
  }

  private func fingerprint(_ rows: ArraySlice<Row>) -> Fingerprint {
    var sums = RowSums(rowCount: rows.count)
    let remainder = column(fields[2], rows)
    for field in fields where field.name != "ts_event_plus_ns" && field.name != "source_ordinal" {
      let values = column(field, rows)
      sums.add(field.name == "ts_event" ? values.nanoseconds(remainder) : values, of: field)
    }
    return sums.fingerprint
  }

  /// The first row of each key is kept.
  private func wanted(_ rows: [Row]) -> ([Row], Int, [Row]) {
    var kept: [[String]: Row] = [:]
    var result: ([Row], Int, [Row]) = ([], 0, [])
    for row in rows {
      let key = [
        row.symbol, "\(row.time) \(row.nanoseconds)", row.publisher.map { "\($0)" } ?? "-",
      ]
      guard let known = kept[key] else {
        kept[key] = row
        result.0.append(row)
        continue
      }
      var alike = row
      alike.ordinal = known.ordinal
      if alike == known { result.1 += 1 } else { result.2.append(row) }
    }
    return result
  }

  @Test(arguments: [1, 2, 3, 7, 100, 10_000], [UInt64(1), 2])
  func rowsAreFilteredAlikeHoweverTheyAreGrouped(size: Int, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let rows = (0..<1200).map { number in
      Row(
        symbol: ["A", "B", ""].randomElement(using: &random) ?? "",
        time: Int64.random(in: 0..<60, using: &random),
        nanoseconds: Int64.random(in: 0..<2, using: &random),
        publisher: [1, 2, nil].randomElement(using: &random) ?? nil,
        price: [1, 1, 1, 2].randomElement(using: &random) ?? 0,
        note: ["x", "x", nil].randomElement(using: &random) ?? nil, ordinal: Int64(number))
    }.sorted {
      ($0.symbol, $0.time, $0.nanoseconds, $0.ordinal)
        < ($1.symbol, $1.time, $1.nanoseconds, $1.ordinal)
    }
    let (kept, duplicates, conflicts) = try judge(rows, groupSize: size)
    let (wantedKept, wantedDuplicates, wantedConflicts) = wanted(rows)
    #expect(kept == wantedKept && duplicates == wantedDuplicates && conflicts == wantedConflicts)
    #expect(duplicates > 0 && !conflicts.isEmpty)
  }

  @Test func rowsWithoutRepetitionAllStay() throws {
    let rows = (0..<500).map {
      Row(
        symbol: "A", time: Int64($0), nanoseconds: 0, publisher: 1, price: 1, note: nil, ordinal: 0)
    }
    #expect(try judge(rows, groupSize: 64).0 == rows)
  }

  @Test func whatIsNotNullDiffersFromANull() throws {
    let row = Row(
      symbol: "A", time: 1, nanoseconds: 0, publisher: nil, price: 1, note: nil, ordinal: 0)
    var other = row
    other.note = ""
    let (kept, duplicates, conflicts) = try judge([row, other, row], groupSize: 10)
    #expect(kept == [row] && duplicates == 1 && conflicts == [other])
  }

  @Test func rowsThatNeverPartAreRefusedNotHeld() throws {
    var filter = DuplicateFilter(fields: fields, order: order, keyColumns: key)
    #expect(throws: PassError.self) {
      for group in 0..<3 {
        let rows = (0..<50_000).map {
          Row(
            symbol: "A", time: 1, nanoseconds: 0, publisher: Int64(group * 50_000 + $0), price: 1,
            note: nil, ordinal: 0)
        }
        _ = try filter.judge(rowCount: rows.count) { field, some in
          some.map { column(field, rows[...]).rows($0) } ?? column(field, rows[...])
        }
      }
    }
  }
}

@Suite struct SortedPlacesTests {
  /// Keys that fit into one word, and longer ones: sorted stably.
  @Test(arguments: [Int64(10), 1 << 20, 1 << 40, .max])
  func placesAreThoseOfAStableSort(greatest: Int64) {
    var random = SeededGenerator(seed: UInt64(greatest))
    let width = 3
    var keys: [Int64] = []
    for _ in 0..<3000 {
      keys.append(Int64.random(in: 0..<5, using: &random))
      keys.append(
        Bool.random(using: &random)
          ? .min : Int64.random(in: -greatest...greatest, using: &random) / 2)
      keys.append(Int64.random(in: 0..<3, using: &random))
    }
    let words = (0..<width).map { word in
      stride(from: word, to: keys.count, by: width).map { keys[$0] }
    }
    let sorted = SortedRows(words)
    let wanted = (0..<3000).sorted {
      let order = RowKeys.compare(keys, $0 * width, keys, $1 * width, width)
      return order < 0 || order == 0 && $0 < $1
    }
    #expect(sorted.rows == wanted)
    for index in wanted.indices.dropFirst() {
      let isSame =
        RowKeys.compare(keys, wanted[index] * width, keys, wanted[index - 1] * width, width) == 0
      #expect(sorted.isSameKey(index, index - 1) == isSame)
    }
  }
}
