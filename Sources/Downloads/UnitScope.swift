import Columnar
import Databento
import Ingest
import Ledger

/// What an answer in DBN may contain: what its unit requested, and nothing else.
struct UnitScope: AnswerScope {
  private let unit: DownloadUnit
  /// nil if all were requested.
  private let symbols: Set<String>?
  private let isRaw: Bool

  init(_ unit: DownloadUnit) {
    self.unit = unit
    symbols = unit.symbols.contains(CoverageLedger.allSymbols) ? nil : Set(unit.symbols)
    isRaw = unit.symbolType == "raw_symbol"
  }

  /// - Throws: If records of a kind, or the header before them, are of something else.
  func check(_ kind: RecordKind, _ metadata: DBNMetadata?) throws {
    if let metadata, !metadata.dataset.isEmpty, metadata.dataset != unit.dataset {
      throw refusal("it is of dataset '\(metadata.dataset)'")
    }
    // Stream messages come with any schema.
    if kind.isSchema, kind.rawValue != unit.schema {
      throw refusal("it holds records of '\(kind.rawValue)'")
    }
  }

  /// - Parameters:
  ///   - symbol: The raw symbol of an instrument's records.
  ///   - requested: The requested name, if it is another one.
  func check(_ instrumentID: UInt32, symbol: String, requested: String?) throws {
    guard let symbols else { return }
    if isRaw ? symbols.contains(symbol) : isAsked(requested, symbols) { return }
    // The children of a parent have names of their own.
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
    // One instrument may have been requested by several names.
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
