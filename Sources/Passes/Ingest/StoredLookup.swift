import Bytes
import Columnar
import Parquet
import Synchronization

/// What a table holds of the dates that new rows are for.
final class StoredLookup: Sendable {
  private let fields: [Field]
  private let keyColumns: [String]
  private let files: @Sendable (Int) -> [TableTarget.File]
  private let covered = Mutex<[Int: [String: [Range<Int64>]]]>([:])

  init(
    fields: [Field], keyColumns: [String],
    files: @escaping @Sendable (Int) -> [TableTarget.File]
  ) {
    self.fields = fields
    self.keyColumns = keyColumns
    self.files = files
  }

  /// What a table without files holds.
  static let nothing = StoredLookup(fields: [], keyColumns: [], files: { _ in [] })

  /// Content by key of the stored rows that rows of these symbols and times (ns) may meet.
  func contentByKey(
    day: Int, symbols: ClosedRange<String>, times: ClosedRange<Int64>
  ) throws -> [Fingerprint: Fingerprint] {
    var content: [Fingerprint: Fingerprint] = [:]
    let micros = (times.lowerBound / 1000)...(times.upperBound / 1000)
    for file in files(day) {
      if !file.bounds.mayHold(symbolsIn: symbols) { continue }
      // Foreign statistics may be cut to milliseconds.
      if let known = file.bounds.times,
        !((known.lowerBound - 1000)...(known.upperBound + 1000)).overlaps(micros)
      {
        continue
      }
      try StoredRows.contentByKey(
        path: file.path, fields: fields, keyColumns: keyColumns, into: &content)
    }
    return content
  }

  /// Intervals in ns of a symbol on a date that the table holds already.
  func coveredIntervals(day: Int, symbol: String) throws -> [Range<Int64>] {
    if let known = covered.withLock({ $0[day] }) { return known[symbol] ?? [] }
    var bySymbol: [String: [Range<Int64>]] = [:]
    for file in files(day) {
      guard
        let interval = file.interval
          ?? file.bounds.times.map({
            $0.lowerBound * 1000..<($0.upperBound + 1) * 1000
          })
      else { continue }
      for symbol in try StoredRows.symbols(path: file.path) {
        bySymbol[symbol, default: []].append(interval)
      }
    }
    covered.withLock { $0[day] = bySymbol }
    return bySymbol[symbol] ?? []
  }
}
