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
}
