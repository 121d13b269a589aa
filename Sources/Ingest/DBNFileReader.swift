import Bytes
import Compression
import Databento
import Ledger
import Market
import Platform
import Tables

/// What is known about a DBN source once it was read to its end.
struct DBNFileSummary {
  var metadata: DBNMetadata?
  var sha256: String
  var recordCount: Int
  var symbolCounts: [ResolutionStep: Int]
  /// What requested names that are no raw symbols stood for.
  var requestedNames: [RequestedName]
}

/// Reads a DBN source and sends its records to the routers of their kinds.
///
/// One thread reads; the blocks are routed and hashed in order by whichever thread has time: usually another
/// one, or the reader while that one encodes.
final class DBNFileReader: @unchecked Sendable {
  private let reader: BlockReader
  private let pool: WorkPool
  private let lane: WorkPool.Lane
  private let path: String
  private let versionHint: Int?
  /// The high bits of the source's ordinals, which differ from other sources'; nil: derived from its first
  /// bytes.
  private var ordinalBase: Int64?
  private let instruments: [InstrumentName]
  private let observer: any PassObserver
  /// Makes the router of a kind for its first record; nil if the kind is not stored.
  private let makeRouter: (RecordKind, DBNMetadata?, Int) throws -> DBNRouter?
  private let rejected: (RecordKind, RejectedRow) throws -> Void
  /// Called after every few blocks, to watch the memory.
  private let didReadBlocks: () throws -> Void

  /// Blocks that are handed over together: a thread is not woken for each one.
  private static let handoverCount = 2
  private static let blockCount = 16
  private var handover: [BlockReader.Block] = []

  // After the header is read, only tasks of the lane use the following, one at a time. Hash of the decompressed
  // content.
  /// Of the decompressed content.
  private var hash = SHA256()
  private var metadata: DBNMetadata?
  private var version = 0
  private var scanner = DBNScanner(version: 1, tsOut: false, byteOffset: 0)
  private var resolver = SymbolResolver(metadata: nil, instruments: [])
  private var runs: [RecordRun] = []
  /// Bytes of the next block that are part of the header.
  private var headerCount = 0
  /// Bytes at the end of the last block that begin an incomplete record.
  private var tailCount = 0
  /// The last bytes of the last block: the incomplete record, and bytes not hashed yet.
  private var carried: [UInt8] = []
  private var routers: [RecordKind: DBNRouter?] = [:]
  private var kindOrdinals: [RecordKind: Int64] = [:]

  init(
    input: InputStream, versionHint: Int?, ordinalBase: Int64? = nil,
    instruments: [InstrumentName] = [], pool: WorkPool, observer: any PassObserver,
    makeRouter: @escaping (RecordKind, DBNMetadata?, Int) throws -> DBNRouter?,
    rejected: @escaping (RecordKind, RejectedRow) throws -> Void,
    didReadBlocks: @escaping () throws -> Void
  ) {
    path = input.path
    self.versionHint = versionHint
    self.ordinalBase = ordinalBase
    self.instruments = instruments
    self.pool = pool
    self.observer = observer
    self.makeRouter = makeRouter
    self.rejected = rejected
    self.didReadBlocks = didReadBlocks
    lane = pool.makeLane()
    reader = BlockReader(
      input: input, blockCount: pool.width == 1 ? Self.handoverCount : Self.blockCount,
      observer: observer)
  }

  /// Reads to the end. The routers' sinks are finished by the caller, then the pool.
  func run() throws -> DBNFileSummary {
    var block = try readHeader()
    while block.count > 0 {
      handover.append(block)
      if handover.count == Self.handoverCount {
        try handOver()
        try didReadBlocks()
      }
      block = try next()
    }
    try handOver()
    try pool.drain(lane)
    try scanner.finish(remaining: tailCount)
    return DBNFileSummary(
      metadata: metadata, sha256: hash.finalHex(), recordCount: scanner.recordCount,
      symbolCounts: resolver.counts, requestedNames: resolver.requestedNames)
  }

  /// The next block. Errors in earlier records are thrown before errors of this one.
  private func next() throws -> BlockReader.Block {
    try pool.help(with: lane) { reader.hasFreeBlock }
    do {
      return try reader.next()
    } catch {
      try handOver()
      try pool.drain(lane)
      throw error
    }
  }

  /// Has blocks routed after earlier ones: on this thread if the others are busy, while they are still in its
  /// cache.
  private func handOver() throws {
    if handover.isEmpty { return }
    let blocks = handover
    handover.removeAll(keepingCapacity: true)
    try pool.runOrAdd(to: lane) {
      for block in blocks {
        try self.route(block)
        self.reader.release(block)
      }
    }
  }

  /// Reads the header, if there is one.
  ///
  /// - Returns: The block in which it ends.
  private func readHeader() throws -> BlockReader.Block {
    var block = try reader.next()
    if ordinalBase == nil {
      ordinalBase = InputIdentity.ordinalBase(
        beginning: UnsafeRawBufferPointer(start: block.base, count: block.count),
        byteCount: reader.input.fileByteCount)
    }
    var header = Array(UnsafeRawBufferPointer(start: block.base, count: block.count))
    let isHeaded = header.withUnsafeBytes { DBNMetadata.isPrelude($0) }
    if !isHeaded {
      guard let versionHint else { throw noHeader(block.count) }
      version = versionHint
      scanner = DBNScanner(version: version, tsOut: false, byteOffset: 0)
      resolver = SymbolResolver(metadata: nil, instruments: instruments)
      return block
    }
    let (_, byteCount) = try header.withUnsafeBytes { try DBNMetadata.parsePrelude($0) }
    while header.count < byteCount {
      begin(block)
      end(block)
      reader.release(block)
      block = try reader.next()
      if block.count == 0 { break }
      header.append(contentsOf: UnsafeRawBufferPointer(start: block.base, count: block.count))
    }
    let parsed = try header.withUnsafeBytes { try DBNMetadata.parse($0) }
    metadata = parsed.metadata
    version = parsed.metadata.version
    scanner = DBNScanner(metadata: parsed.metadata, byteOffset: parsed.byteCount)
    resolver = SymbolResolver(metadata: parsed.metadata, instruments: instruments)
    headerCount = block.count - (header.count - parsed.byteCount)
    return block
  }

  private func noHeader(_ count: Int) -> DBNError {
    count == 0
      ? DBNError(.truncated, "the file is empty", at: 0, remedy: "download the file again")
      : DBNError(
        .corrupt, "no DBN header: the file does not begin with 'DBN'", at: 0,
        remedy: "name its version with --dbn-version, if the file holds bare records")
  }

  private func route(_ block: BlockReader.Block) throws {
    begin(block)
    let records = UnsafeRawPointer(block.base) + headerCount - tailCount
    let count = block.count - headerCount + tailCount
    headerCount = 0
    let offset = scanner.byteOffset
    let consumed = try scanner.scan(
      UnsafeRawBufferPointer(start: records, count: count), runs: &runs)
    for run in runs { try route(run, records + run.start, byteOffset: offset + run.start) }
    tailCount = count - consumed
    end(block)
  }

  /// Copies the end of the previous block in front of a block.
  private func begin(_ block: BlockReader.Block) {
    carried.withUnsafeBytes { carried in
      guard let source = carried.baseAddress else { return }
      (block.base - carried.count).copyMemory(from: source, byteCount: carried.count)
    }
  }

  private func end(_ block: BlockReader.Block) {
    let bytes = UnsafeRawBufferPointer(start: block.base, count: block.count)
    hash.update(bytes)
    let end = UnsafeRawPointer(block.base) + block.count
    carried.removeAll(keepingCapacity: true)
    carried.append(contentsOf: UnsafeRawBufferPointer(start: end - tailCount, count: tailCount))
  }

  private func route(
    _ run: RecordRun, _ base: UnsafeRawPointer, byteOffset: Int
  ) throws {
    if run.kind == .symbolMapping || run.kind == .definition {
      for row in 0..<run.count {
        let record = UnsafeRawBufferPointer(start: base + row * run.stride, count: run.stride)
        if run.kind == .symbolMapping {
          resolver.observe(symbolMapping: record, version: version)
        } else {
          resolver.observe(definition: record, version: version)
        }
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
      base, count: run.count, firstOrdinal: (ordinalBase ?? 0) | first, byteOffset: byteOffset,
      resolver: &resolver
    ) { try rejected(run.kind, $0) }
  }
}
