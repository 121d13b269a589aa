import Columnar
import Tables

/// Whose bars are made: symbols, and the publishers and instruments of each.
final class TradeSeries {
  /// One series of bars.
  struct Member {
    /// Index of the symbol in `names`.
    var symbol: Int32
    /// nil where publishers are consolidated, or the source does not name them.
    var publisher: Int64?
    /// nil where the source does not name it.
    var instrument: Int64?
  }

  private(set) var names = ByteColumn()
  private(set) var members: [Member] = []
  /// Where symbols come in any order: their indexes, and the series of their publishers.
  private var indexes: [String: Int32] = [:]
  private var codes: [SymbolPublisher: Int32] = [:]

  private struct SymbolPublisher: Hashable {
    var symbol: Int32
    var publisher: Int64?
  }

  /// First member of the current symbol.
  private var firstOfSymbol = 0

  /// Begins a symbol that follows the ones before it.
  func begin(_ symbol: ArraySlice<UInt8>) {
    symbol.withUnsafeBytes { names.append($0) }
    firstOfSymbol = members.count
  }

  func removeAll() {
    names = ByteColumn()
    members.removeAll(keepingCapacity: true)
    firstOfSymbol = 0
  }

  /// The series of a publisher of the current symbol.
  func code(publisher: Int64?, instrument: Int64?) -> Int32 {
    for index in firstOfSymbol..<members.count where members[index].publisher == publisher {
      if let instrument {
        // Whatever the order of the rows, a symbol that changed its number within a date has the same one.
        members[index].instrument = min(members[index].instrument ?? instrument, instrument)
      }
      return Int32(index)
    }
    members.append(
      Member(symbol: Int32(names.count - 1), publisher: publisher, instrument: instrument))
    return Int32(members.count - 1)
  }

  /// The series of a publisher of any symbol.
  func code(symbol: String, publisher: Int64?) -> Int32 {
    let index = indexes[symbol] ?? Int32(names.count)
    if index == names.count {
      indexes[symbol] = index
      Array(symbol.utf8).withUnsafeBytes { names.append($0) }
    }
    let key = SymbolPublisher(symbol: index, publisher: publisher)
    if let known = codes[key] { return known }
    let code = Int32(members.count)
    codes[key] = code
    members.append(Member(symbol: index, publisher: publisher, instrument: nil))
    return code
  }

  /// Sets the instrument that the next bars of a series are of.
  func setInstrument(_ instrument: Int64?, of code: Int32) {
    members[Int(code)].instrument = instrument
  }

  /// By symbol: where it stands among all, as bytes compare.
  var ranks: [Int32] {
    let texts = (0..<names.count).map { names.bytes[names.byteRange($0)] }
    var ranks = [Int32](repeating: 0, count: texts.count)
    let sorted = texts.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
    for (rank, index) in sorted.enumerated() { ranks[index] = Int32(rank) }
    return ranks
  }
}
