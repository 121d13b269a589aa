import Columnar

extension SegmentReader {
  private static var symbol: Field { Field("symbol", .string) }

  /// The distinct symbols of the file.
  package func symbols() throws -> Set<String> {
    var symbols: Set<String> = []
    var column = Column(type: .string, storage: .integers([]))
    for group in rowGroups {
      guard try read(Self.symbol, group, into: &column) else { return [] }
      switch column.storage {
      case .codes(let codes, let dictionary):
        for code in Set(codes) { symbols.insert(dictionary[Int(code)]) }
      case .bytes(let values):
        for row in 0..<values.count where row == 0 || values[row] != values[row - 1] {
          symbols.insert(values[row])
        }
      default: break
      }
    }
    return symbols
  }

  /// Runs of equal symbols in some rows, each with its rows, as indexes relative to the first.
  package func symbolRuns(_ rows: StoredSpan) throws -> [(name: String, rows: Range<Int>)] {
    var column = Column(type: .string, storage: .integers([]))
    guard try read(Self.symbol, rows, into: &column) else { return [("", 0..<rows.count)] }
    var runs: [(name: String, rows: Range<Int>)] = []
    func add(_ row: Int, _ isSame: Bool, _ name: () -> String) {
      if isSame, let last = runs.indices.last {
        runs[last].rows = runs[last].rows.lowerBound..<row + 1
      } else {
        runs.append((name(), row..<row + 1))
      }
    }
    switch column.storage {
    case .codes(let codes, let dictionary):
      for row in codes.indices {
        add(row, row > 0 && codes[row] == codes[row - 1]) { dictionary[Int(codes[row])] }
      }
    case .bytes(let values):
      for row in 0..<values.count {
        let isSame =
          row > 0 && values.bytes[values.byteRange(row)] == values.bytes[values.byteRange(row - 1)]
        add(row, isSame) { values[row] }
      }
    default: throw PassError(.input, "the column 'symbol' holds no text", place: path)
    }
    return runs
  }
}
