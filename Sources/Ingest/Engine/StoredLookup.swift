import Columnar
import Synchronization
import Tables

/// What a table holds for the dates of new rows.
final class StoredLookup: Sendable {
  private let schema: StoredSchema?
  private let files: @Sendable (Int) throws -> [StoredFileSource]
  private let days = Mutex<[Int: StoredDay]>([:])
  private let isInput: @Sendable () throws -> Bool
  private let knownIsInput = Mutex<Bool?>(nil)

  /// - Parameters:
  ///   - files: The data files of a date (days since 1970).
  ///   - isInput: Whether the table has the whole input already, as far as that can be told before reading it
  ///     to its end; called once, when rows match stored ones.
  ///     to its end; asked once, when rows meet stored ones.
  init(
    schema: StoredSchema, isInput: @escaping @Sendable () throws -> Bool = { false },
    files: @escaping @Sendable (Int) throws -> [StoredFileSource]
  ) {
    self.schema = schema
    self.files = files
    self.isInput = isInput
  }

  private init() {
    schema = nil
    files = { _ in [] }
    isInput = { false }
  }

  /// Whether all rows of the input are stored, so that none has to be compared.
  func holdsInput() throws -> Bool {
    try knownIsInput.withLock { known in
      if let known { return known }
      let found = try isInput()
      known = found
      return found
    }
  }

  /// An empty table.
  static let nothing = StoredLookup()

  /// Whether new rows of a symbol may match stored ones of the same microsecond.
  ///
  /// - Parameter times: Index timestamps in ns.
  func mayMeet(day: Int, symbol: String, times: ClosedRange<Int64>) throws -> Bool {
    try days.withLock { days in
      guard let schema else { return false }
      let known = try days[day] ?? StoredDay(files(day), schema: schema)
      days[day] = known
      return try known.mayMeet(symbol: symbol, times: times)
    }
  }

  /// What is stored for a date, moved to the thread that assembles the date: no other asks for it again.
  func take(day: Int) throws -> StoredDay? {
    guard let schema else { return nil }
    if let known = days.withLock({ $0.removeValue(forKey: day) }) { return known }
    return StoredDay(try files(day), schema: schema)
  }
}

/// What the merge of new and stored rows needs to know about a table.
struct StoredSchema: Sendable {
  /// The table's physical columns.
  var fields: [Field]
  var keyColumns: [String]
  var indexColumn: String

  var index: Field { Field(indexColumn, .timestamp) }
}

/// The data files of one date.
///
/// Passed between threads, used by one at a time.
final class StoredDay: @unchecked Sendable {
  let schema: StoredSchema
  private var files: [Entry]

  private struct Entry {
    var source: StoredFileSource
    var opened: StoredFile?
  }

  /// Other writers may truncate statistics in the log to milliseconds.
  private static let logSlackMicroseconds: Int64 = 1000

  init(_ sources: [StoredFileSource], schema: StoredSchema) {
    self.schema = schema
    files = sources.map { Entry(source: $0) }
  }

  var isEmpty: Bool { files.isEmpty }

  func mayMeet(symbol: String, times: ClosedRange<Int64>) throws -> Bool {
    // Rows under a fallback symbol may match those under any other.
    let isFallback = FallbackSymbol.isOne(symbol)
    for index in files.indices
    where files[index].source.bounds.mayHold(
      symbol: nil, times: times, slack: Self.logSlackMicroseconds)
    {
      let mayHoldFallback = FallbackSymbol.mayBeAmong(files[index].source.bounds)
      if !isFallback, !mayHoldFallback,
        !files[index].source.bounds.mayHold(
          symbol: symbol, times: times, slack: Self.logSlackMicroseconds)
      {
        continue
      }
      let file = try open(index)
      if !file.candidates(symbol: isFallback ? nil : symbol, times: times).isEmpty { return true }
      if mayHoldFallback, try !file.fallbackSymbols().isEmpty { return true }
    }
    return false
  }

  /// The files that may have rows in a time range, whatever their symbols.
  func files(times: ClosedRange<Int64>, symbols: ClosedRange<String>?) throws -> [StoredFile] {
    var found: [StoredFile] = []
    for index in files.indices {
      let bounds = files[index].source.bounds
      guard bounds.mayHold(symbol: nil, times: times, slack: Self.logSlackMicroseconds) else {
        continue
      }
      if let symbols, !bounds.mayHold(symbolsIn: symbols), !FallbackSymbol.mayBeAmong(bounds) {
        continue
      }
      found.append(try open(index))
    }
    return found
  }

  private func open(_ index: Int) throws -> StoredFile {
    if let known = files[index].opened { return known }
    let file = try StoredFile(files[index].source, schema)
    files[index].opened = file
    return file
  }
}

/// Names for symbols that could not be resolved.
enum FallbackSymbol {
  static let instrumentPrefix = "INSTRUMENT_"
  static let unknown = "UNKNOWN_SYMBOL"

  static func isOne(_ symbol: String) -> Bool {
    symbol == unknown
      || symbol.hasPrefix(instrumentPrefix)
        && symbol.utf8.dropFirst(instrumentPrefix.utf8.count).allSatisfy { (0x30...0x39) ~= $0 }
  }

  /// Whether one may be among the symbols of a file or block.
  static func mayBeAmong(_ bounds: FileBounds) -> Bool {
    bounds.mayHold(symbolsIn: instrumentPrefix...(instrumentPrefix + ":"))
      || bounds.mayHold(symbolsIn: unknown...unknown)
  }
}
