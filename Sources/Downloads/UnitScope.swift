import Columnar
import Databento
import Ingest
import Ledger

/// What an answer in DBN may hold: what its unit asked for, and nothing else.
struct UnitScope: AnswerScope {
  private let unit: DownloadUnit
  /// nil where all were asked for.
  private let symbols: Set<String>?
  private let isRaw: Bool

  init(_ unit: DownloadUnit) {
    self.unit = unit
    symbols = unit.symbols.contains(CoverageLedger.allSymbols) ? nil : Set(unit.symbols)
    isRaw = unit.symbolType == "raw_symbol"
  }

  /// - Throws: Where records of a kind, or the header in front of them, are of something else.
  func check(_ kind: RecordKind, _ metadata: DBNMetadata?) throws {
    if let metadata, !metadata.dataset.isEmpty, metadata.dataset != unit.dataset {
      throw refusal("it is of dataset '\(metadata.dataset)'")
    }
    // Words about the stream come with any of them.
    if kind.isSchema, kind.rawValue != unit.schema {
      throw refusal("it holds records of '\(kind.rawValue)'")
    }
  }

  /// - Parameters:
  ///   - symbol: The raw symbol of an instrument's records.
  ///   - requested: What it was asked for by, where that is another name.
  func check(_ instrumentID: UInt32, symbol: String, requested: String?) throws {
    guard let symbols else { return }
    if isRaw ? symbols.contains(symbol) : isAsked(requested, symbols) { return }
    // The children of a parent come under their own names.
    if unit.symbolType == "parent", requested == nil, symbol != "INSTRUMENT_\(instrumentID)",
      symbol != SymbolResolver.unknownSymbol
    {
      return
    }
    throw refusal("it holds records of '\(symbol)', instrument \(instrumentID)")
  }

  private func isAsked(_ requested: String?, _ symbols: Set<String>) -> Bool {
    guard let requested else { return false }
    if symbols.contains(requested) { return true }
    // One instrument may have been asked for by several names.
    return requested.split(separator: ",").contains { symbols.contains(String($0)) }
  }

  /// - Parameter times: Of the first and the last row of a segment, in ns.
  func check(times: ClosedRange<Int64>?) throws {
    guard let times else { return }
    for time in [times.lowerBound, times.upperBound] where !unit.interval.contains(time) {
      throw refusal("it holds a record of \(TimeText.iso(nanoseconds: time, digits: 9))")
    }
  }

  private func refusal(_ what: String) -> DownloadRefusal {
    DownloadRefusal(
      .badData, "the answer is none to the question: \(what), which was not asked for",
      remedy: "run it again; if it stays so, tell the vendor")
  }
}
