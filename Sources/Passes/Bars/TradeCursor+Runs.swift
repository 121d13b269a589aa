import Columnar
import Tables

extension TradeCursor {
  /// Finds the runs of symbols in the batch.
  func findRuns(_ pages: TradePages) throws {
    guard try pages.read(Field("symbol", .string), into: &symbols) else { return }
    func at(_ index: Int) -> Int { Int(picked[index]) }
    func add(_ symbol: ArraySlice<UInt8>, _ rows: Range<Int>) {
      if let last = runs.last, last.symbol == symbol {
        runs[runs.count - 1].rows = last.rows.lowerBound..<rows.upperBound
      } else {
        runs.append(Run(symbol: symbol, rows: rows))
      }
    }
    if symbols.nullCount > 0 {
      throw PassError(
        .input, "column 'symbol' has nulls", place: reader.path,
        remedy: "every row needs its index timestamp and its symbol")
    }
    switch symbols.storage {
    case .codes(let codes, let dictionary):
      var first = 0
      while first < batch.count {
        let code = codes[at(first)]
        var end = first + 1
        while end < batch.count, codes[at(end)] == code { end += 1 }
        add(dictionary.bytes[dictionary.byteRange(Int(code))], first..<end)
        first = end
      }
    case .bytes(let texts):
      for row in 0..<batch.count { add(texts.bytes[texts.byteRange(at(row))], row..<row + 1) }
    default:
      throw PassError(
        .input, "column 'symbol' is \(symbols.type.name), expected string", place: reader.path)
    }
  }
}
