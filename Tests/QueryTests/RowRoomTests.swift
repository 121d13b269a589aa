import Columnar
import Testing

@testable import Query

@Suite struct RowRoomTests {
  /// A null is longer than short text, and a page of nulls may have no text at all.
  @Test func roomIsKeptForRowsOfNullsBesideShortText() {
    let rowCount = 10_000
    let validity = [UInt8](repeating: 0, count: rowCount)
    let codes = [Int32](repeating: 0, count: rowCount)
    for (texts, layout) in [([], RowLayoutKind.jsonLines), (["A"], .jsonLines), ([], .csv)] {
      let dictionary = ByteColumn(texts)
      let column = QueryColumn(name: "s", type: .string, origin: .file("s"))
      let text = RowText(columns: [column], layout: layout)
      var vector = ColumnVector(form: .codes, rowCount: rowCount)
      validity.withUnsafeBufferPointer { validity in
        codes.withUnsafeBytes { codes in
          dictionary.offsets.withUnsafeBufferPointer { offsets in
            dictionary.bytes.withUnsafeBytes { bytes in
              vector.validity = validity.baseAddress
              vector.values = codes.baseAddress
              vector.offsets = offsets.baseAddress
              vector.bytes = bytes.baseAddress ?? codes.baseAddress
              vector.entryCount = texts.count
              try? text.format([ColumnReading(main: vector)], RowPick(count: rowCount))
            }
          }
        }
      }
      let line = layout == .csv ? "\"\"\n" : "{\"s\":null}\n"
      #expect(text.out.count == line.utf8.count * rowCount)
      #expect(text.out.count <= text.out.capacity, "\(texts.count) texts")
    }
  }

  @Test func rowsWithoutColumnsAreEmptyObjects() {
    let text = RowText(columns: [], layout: .jsonLines)
    try? text.format([], RowPick(count: 100))
    #expect(
      String(decoding: text.out.bytes, as: UTF8.self) == String(repeating: "{}\n", count: 100))
    #expect(text.out.count <= text.out.capacity)
  }
}

/// Values that are constant for a unit: partition values, and columns that a file lacks.
@Suite struct ConstantCellTests {
  private func line(
    _ column: QueryColumn, _ vector: ColumnVector, _ layout: RowLayoutKind
  ) -> String {
    let other = QueryColumn(name: "n", type: .long, origin: .file("n"))
    let text = RowText(columns: [column, other], layout: layout)
    var number = ColumnVector(form: .integers, rowCount: 1)
    return [Int64(7)].withUnsafeBytes { values in
      number.values = values.baseAddress
      try? text.format(
        [ColumnReading(main: vector), ColumnReading(main: number)], RowPick(count: 1))
      return String(decoding: text.out.bytes, as: UTF8.self)
    }
  }

  @Test func aColumnThatAFileLacksIsNull() {
    for type in [ColumnType.long, .string, .double, .timestamp, .date, .boolean] {
      let column = QueryColumn(name: "x", type: type, origin: .file("x"))
      let vector = ColumnVector(form: .null, rowCount: 1)
      #expect(line(column, vector, .jsonLines) == "{\"x\":null,\"n\":7}\n")
      #expect(line(column, vector, .csv) == ",7\n")
    }
  }

  @Test func aConstantPrintsAsAValueOfARowWould() {
    let cases: [(Double, String, String)] = [
      (.infinity, "\"Infinity\"", "Infinity"), (-.infinity, "\"-Infinity\"", "-Infinity"),
      (1.5, "1.5", "1.5"),
    ]
    for (value, json, csv) in cases {
      for type in [ColumnType.double, .float] {
        [value].withUnsafeBytes { values in
          let column = QueryColumn(name: "x", type: type, origin: .partition("x"))
          var vector = ColumnVector(form: .doubles, rowCount: 1)
          vector.isConstant = true
          vector.values = values.baseAddress
          #expect(line(column, vector, .jsonLines) == "{\"x\":\(json),\"n\":7}\n")
          #expect(line(column, vector, .csv) == "\(csv),7\n")
        }
      }
    }
  }
}

/// Long texts, and texts repeated by a dictionary.
@Suite struct RowPortionTests {
  /// Rows of one text column, with nulls, formatted at once and in portions.
  @Test(arguments: [RowLayoutKind.csv, .jsonLines, .binary])
  func portionsAreTheRowsAtOnce(_ layout: RowLayoutKind) throws {
    let rowCount = 900
    let texts = ["", "\"\n", String(repeating: "é\"", count: 60_000), "short"]
    let dictionary = ByteColumn(texts)
    let codes = (0..<rowCount).map { Int32($0 * 7 % 4) }
    let validity = (0..<rowCount).map { UInt8($0 % 5 == 0 ? 0 : 1) }
    let column = QueryColumn(name: "s", type: .string, origin: .file("s"))
    try codes.withUnsafeBytes { codes in
      try validity.withUnsafeBufferPointer { validity in
        try dictionary.offsets.withUnsafeBufferPointer { offsets in
          try dictionary.bytes.withUnsafeBytes { bytes in
            var vector = ColumnVector(form: .codes, rowCount: rowCount)
            vector.validity = validity.baseAddress
            vector.values = codes.baseAddress
            vector.offsets = offsets.baseAddress
            vector.bytes = bytes.baseAddress
            vector.entryCount = texts.count
            let whole = RowText(columns: [column], layout: layout)
            try whole.format([ColumnReading(main: vector)], RowPick(count: rowCount))
            let parts = RowText(columns: [column], layout: layout)
            try parts.begin([ColumnReading(main: vector)], RowPick(count: rowCount))
            #expect(!parts.isOnePortion)
            var (joined, rows, portions): ([UInt8], Int, Int) = ([], 0, 0)
            try parts.formatPortions(RowPick(count: rowCount)) { portion in
              parts.format(portion)
              #expect(parts.out.count <= RowText.portionByteCountMax)
              #expect(parts.out.count <= parts.out.capacity)
              joined += Array(parts.out.bytes)
              rows += portion.count
              portions += 1
              return true
            }
            #expect(rows == rowCount && portions > 1)
            #expect(joined == Array(whole.out.bytes))
          }
        }
      }
    }
  }

  @Test func aRowThatWouldBeLongerThanIsAllowedIsRefused() {
    let error = #expect(throws: QueryError.self) { try RowText.checkRoom((1 << 33) + 1) }
    #expect(error?.message == "texts of up to 8589934593 bytes in a row, 8589934592 are allowed")
  }
}
