// The symbol that the vendor's own tool prints with a record: by the metadata's mapping of that day, or, in a
// live stream without mappings, by the last mapping record. Unlike `SymbolResolver` it prints what was
// requested, and nothing if nothing is known.

import Bytes
import Columnar
import Market

/// The symbols to print, as they are known at one point of a stream.
package struct PrintedSymbols: Sendable {
  private var intervals: [UInt32: [(days: Range<Int>, name: String)]] = [:]
  private var live: [UInt32: String] = [:]
  /// Whether mapping records are used: only if the header has no mappings.
  let isLive: Bool
  /// Incremented by every mapping record.
  private(set) var generation = 0

  /// - Parameter metadata: Of a stored file; nil, or one without mappings, means a live stream, whose records
  ///   tell the symbols.
  package init(metadata: DBNMetadata?) {
    isLive = metadata?.mappings.isEmpty ?? true
    guard let metadata else { return }
    let isInverse = metadata.stypeOut != .instrumentID
    if isInverse && metadata.stypeIn != .instrumentID { return }
    for mapping in metadata.mappings {
      for interval in mapping.intervals where !interval.symbol.isEmpty {
        let (id, name) =
          isInverse ? (mapping.rawSymbol, interval.symbol) : (interval.symbol, mapping.rawSymbol)
        let (first, after) = (interval.startDate.daysSinceEpoch, interval.endDate.daysSinceEpoch)
        guard let id = UInt32(id), first < after else { continue }
        intervals[id, default: []].append((first..<after, name))
      }
    }
  }

  /// The symbol of an instrument; nil if none is known. If there are several, the last one is used.
  func name(_ id: UInt32, day: Int) -> String? {
    if isLive { return live[id] }
    return intervals[id]?.last { $0.days.contains(day) }?.name
  }

  /// Processes a mapping record.
  package mutating func observe(_ record: UnsafeRawPointer, version: Int) {
    guard isLive else { return }
    let byteCount = DBNFields.symbolByteCount(version: version)
    // The output symbol follows the input symbol, each with its type since version 2.
    let offset = version < 2 ? 16 + byteCount : 16 + 1 + byteCount + 1
    let text = UnsafeRawBufferPointer(start: record + offset, count: byteCount).prefix { $0 != 0 }
    let id = record.loadLE(4, as: UInt32.self)
    guard let name = String(validating: text, as: UTF8.self), live[id] != name else { return }
    live[id] = name
    generation += 1
  }
}
