import Bytes
import Platform

/// The rows of a query as values, ordered by their key, one after the other.
final class KeyedAnswer {
  /// What tells rows apart: values of the first columns of the answer.
  struct Key {
    var symbol: ComparedValue = .null
    /// Nanoseconds since 1970 UTC.
    var time: ComparedValue = .null
    /// Publisher and sequence, where both sides have them.
    var rest: [ComparedValue] = []
  }

  let columns: [ComparedColumn]
  private(set) var values: [ComparedValue]
  private var heap: CursorHeap
  private let hasSymbol: Bool
  private let keyCount: Int
  /// Factor of the index time to nanoseconds.
  private let factor: Int128
  /// Files and runs that the rows lie in.
  private let runs: [KeyedRowCursor]
  private(set) var rowCount = 0
  private(set) var isAtEnd = false

  /// - Parameters:
  ///   - plan: Its projection begins with the key: the symbol, if `hasSymbol`, the index time, and what follows.
  ///   - keyCount: Columns of the key.
  init(
    _ plan: QueryPlan, keyCount: Int, hasSymbol: Bool, memory: Int, spillFolder: String, width: Int,
    isInterrupted: @escaping @Sendable () -> Bool
  ) throws {
    var plan = plan
    plan.order = plan.projection.prefix(keyCount).map {
      OrderTerm(column: $0, isDescending: false)
    }
    let shape = plan.shape(layout: .binary)
    columns = plan.projection.map { ComparedColumn(plan.table.columns[$0]) }
    values = Array(repeating: .null, count: columns.count)
    self.hasSymbol = hasSymbol
    self.keyCount = keyCount
    let scale = columns[hasSymbol ? 1 : 0].scale ?? 9
    factor = (scale..<9).reduce(1) { factor, _ in factor * 10 }
    let merge = KeyedRowMerge(
      shape: shape, encoder: KeyEncoder(plan.table, terms: plan.order), memory: memory,
      spillFolder: spillFolder)
    runs = try OrderedScan(
      plan: plan, shape: shape, merge: merge, isInterrupted: isInterrupted
    ).sorted(width: width).cursors
    heap = try CursorHeap(runs)
    isAtEnd = heap.first == nil
    decode()
  }

  /// The current row's key.
  var key: Key {
    var key = Key()
    if hasSymbol { key.symbol = values[0] }
    key.time = values[hasSymbol ? 1 : 0]
    if case .number(let value) = key.time { key.time = .number(value &* factor) }
    key.rest = Array(values[(hasSymbol ? 2 : 1)..<keyCount])
    return key
  }

  func advance() throws {
    try heap.advanceFirst()
    isAtEnd = heap.first == nil
    decode()
  }

  private func decode() {
    guard let row = heap.first, let bytes = row.text.baseAddress else { return }
    rowCount += 1
    var at = 0
    for index in columns.indices { values[index] = columns[index].take(bytes, &at) }
  }
}

extension KeyedAnswer.Key {
  /// Negative, 0 or positive, as the rows of two sides come one after the other; missing values come last.
  static func order(_ one: Self, _ other: Self) -> Int {
    var order = Self.order(one.symbol, other.symbol)
    if order != 0 { return order }
    order = Self.order(one.time, other.time)
    if order != 0 { return order }
    for (a, b) in zip(one.rest, other.rest) {
      order = Self.order(a, b)
      if order != 0 { return order }
    }
    return 0
  }

  private static func order(_ one: ComparedValue, _ other: ComparedValue) -> Int {
    switch (one, other) {
    case (.null, .null): 0
    case (.null, _): 1
    case (_, .null): -1
    case (.number(let a), .number(let b)): a < b ? -1 : a == b ? 0 : 1
    case (.text(let a), .text(let b)): compareKeys(a, b)
    default: 0
    }
  }
}
