import Bytes
import Ledger

/// What the ledger knew about a download's symbols before it began.
public struct KnownCoverage: Sendable {
  private var stretches: [String: [(interval: Range<Int64>, state: CoverageState)]] = [:]

  /// Nothing known.
  public init() {}

  mutating func add(_ symbol: String, _ interval: Range<Int64>, _ state: CoverageState) {
    stretches[symbol, default: []].append((interval, state))
  }

  /// Adds what is known of other days.
  public mutating func merge(_ other: KnownCoverage) {
    stretches.merge(other.stretches) { $0 + $1 }
  }

  /// What a download left as it was: nanoseconds of coverage, by symbol and state. What it fetched again is
  /// reported by its units.
  public func left(after report: DownloadReport) -> [String: [CoverageState: Int64]] {
    var brought: [String: [Range<Int64>]] = [:]
    for outcome in report.outcomes {
      switch outcome.result {
      case .stored, .alreadyDone:
        for symbol in outcome.unit.symbols {
          brought[symbol, default: []].append(outcome.unit.interval)
        }
      default: break
      }
    }
    var left: [String: [CoverageState: Int64]] = [:]
    for (symbol, known) in stretches {
      let gone = (brought[symbol] ?? []).sorted { $0.lowerBound < $1.lowerBound }
      for (interval, state) in known {
        for rest in CoverageLedger.rest(of: interval, without: gone) {
          let sum = left[symbol]?[state] ?? 0
          left[symbol, default: [:]][state] = sum.adding(clamped: Int64(rest.count))
        }
      }
    }
    return left
  }
}
