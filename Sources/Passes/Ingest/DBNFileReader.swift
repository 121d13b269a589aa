import Bytes
import Columnar
import Compression
import Databento

/// What a DBN source said of itself once it was read to its end.
struct DBNFileSummary {
  var metadata: DBNMetadata?
  var sha256: String
  var recordCount: Int
  var symbolCounts: [ResolutionStep: Int]
}

/// Reads a DBN source and sends its records to the routers of their kinds.
final class DBNFileReader {
  private let reader: BlockReader
  private let pool: WorkPool
  private let hasher: ContentHasher
  private let path: String
  private let versionHint: Int?
  private let instruments: [InstrumentName]
  private let observer: any PassObserver
  /// Makes the router of a kind when its first record comes; nil where the kind is not stored.
  private let makeRouter: (RecordKind, DBNMetadata?, Int) throws -> DBNRouter?
  private let rejected: (RecordKind, RejectedRow) throws -> Void
  /// Called after every block: the place to watch the memory.
  private let didReadBlock: () throws -> Void
  private var routers: [RecordKind: DBNRouter?] = [:]
  private var kindOrdinals: [RecordKind: Int64] = [:]

  init(
    input: InputStream, versionHint: Int?, instruments: [InstrumentName] = [], pool: WorkPool,
    observer: any PassObserver,
    makeRouter: @escaping (RecordKind, DBNMetadata?, Int) throws -> DBNRouter?,
    rejected: @escaping (RecordKind, RejectedRow) throws -> Void,
    didReadBlock: @escaping () throws -> Void
  ) {
    path = input.path
    self.versionHint = versionHint
    self.instruments = instruments
    self.pool = pool
    self.observer = observer
    self.makeRouter = makeRouter
    self.rejected = rejected
    self.didReadBlock = didReadBlock
    hasher = ContentHasher(pool: pool)
    reader = BlockReader(input: input, pool: pool, hasher: hasher, observer: observer)
  }

  /// Reads to the end. The routers' sinks are finished by the caller, then the pool.
  func run() throws -> DBNFileSummary {
    var (block, count) = try reader.next()
    var header = Array(UnsafeRawBufferPointer(start: block.base, count: count))
    let isHeaded = header.withUnsafeBytes { DBNMetadata.isPrelude($0) }
    var start = 0
    var metadata: DBNMetadata?
    if isHeaded {
      let (_, headerCount) = try header.withUnsafeBytes { try DBNMetadata.parsePrelude($0) }
      while header.count < headerCount {
        reader.release(block, count: count)
        (block, count) = try reader.next()
        if count == 0 { break }
        header.append(contentsOf: UnsafeRawBufferPointer(start: block.base, count: count))
      }
      let parsed = try header.withUnsafeBytes { try DBNMetadata.parse($0) }
      metadata = parsed.metadata
      start = count - (header.count - parsed.byteCount)
    }
    let headerByteCount = header.count - (count - start)
    header = []
    guard let version = metadata?.version ?? versionHint else { throw noHeader(count) }
    var scanner =
      metadata.map { DBNScanner(metadata: $0, byteOffset: headerByteCount) }
      ?? DBNScanner(version: version, tsOut: false, byteOffset: 0)
    var resolver = SymbolResolver(metadata: metadata, instruments: instruments)
    try readRecords(
      &scanner, &resolver, first: (block, count), start: start, metadata: metadata,
      version: version)
    return DBNFileSummary(
      metadata: metadata, sha256: "", recordCount: scanner.recordCount,
      symbolCounts: resolver.counts)
  }

  /// The digest of the content, once the pool has finished.
  func sha256() -> String { hasher.finalHex() }

  private func noHeader(_ count: Int) -> DBNError {
    count == 0
      ? DBNError(.truncated, "the file is empty", at: 0, remedy: "download the file again")
      : DBNError(
        .corrupt, "no DBN header: the file does not begin with 'DBN'", at: 0,
        remedy: "name its version with --dbn-version, if the file holds bare records")
  }

  private func readRecords(
    _ scanner: inout DBNScanner, _ resolver: inout SymbolResolver,
    first: (BlockReader.Block, Int), start: Int, metadata: DBNMetadata?, version: Int
  ) throws {
    var (block, count) = first
    var begin = UnsafeMutableRawPointer(block.base) + start
    var room = count - start
    var runs: [RecordRun] = []
    while true {
      let offset = scanner.byteOffset
      let bytes = UnsafeRawBufferPointer(start: begin, count: room)
      let consumed = try scanner.scan(bytes, runs: &runs)
      for run in runs {
        try route(
          run, UnsafeRawPointer(begin) + run.start, byteOffset: offset + run.start, metadata,
          version, &resolver)
      }
      try didReadBlock()
      // The beginning of a record waits for its rest in front of the next block.
      let tail = Array(UnsafeRawBufferPointer(start: begin + consumed, count: room - consumed))
      reader.release(block, count: count)
      (block, count) = try reader.next()
      if count == 0 {
        reader.release(block, count: 0)
        try scanner.finish(remaining: tail.count)
        return
      }
      begin = block.base - tail.count
      tail.withUnsafeBytes { tail in
        if let source = tail.baseAddress {
          begin.copyMemory(from: source, byteCount: tail.count)
        }
      }
      room = count + tail.count
    }
  }

  private func route(
    _ run: RecordRun, _ base: UnsafeRawPointer, byteOffset: Int, _ metadata: DBNMetadata?,
    _ version: Int, _ resolver: inout SymbolResolver
  ) throws {
    for row in 0..<run.count where run.kind == .symbolMapping || run.kind == .definition {
      let record = UnsafeRawBufferPointer(start: base + row * run.stride, count: run.stride)
      if run.kind == .symbolMapping {
        resolver.observe(symbolMapping: record, version: version)
      } else {
        resolver.observe(definition: record, version: version)
      }
    }
    observer.didProcess(rowCount: run.count)
    if routers[run.kind] == nil {
      routers[run.kind] = .some(try makeRouter(run.kind, metadata, version))
    }
    let first = kindOrdinals[run.kind, default: 0]
    kindOrdinals[run.kind] = first + Int64(run.count)
    guard let router = routers[run.kind] ?? nil else { return }
    try router.route(
      base, count: run.count, firstOrdinal: first, byteOffset: byteOffset, resolver: &resolver
    ) { try rejected(run.kind, $0) }
  }
}
