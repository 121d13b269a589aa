import Bytes
import CSystem
import Catalog
import Columnar
import Compression
import Glibc
import Massive
import RowSources
import Tables

/// Small files of pages of bars that are read together, so that a date's bars of many tickers are in one
/// segment instead of one per file.
///
/// Each file is still an input of its own: identified by its content, stored as a whole or not at all. Anything
/// special (a file that fails, rows that are stored already, two rows with one key) is left to reading one file
/// after the other, which knows which file each row is from.
struct PageGroup {
  /// Size of a file that may be read with others.
  static let fileByteCountMax = 16 << 20
  /// Bytes of packed rows of a file that may be read with others.
  static let fileRowByteCountMax = 64 << 20
  /// Files that are read before their rows are needed.
  static let aheadMax = 4

  let pass: IngestPass
  let paths: [String]

  /// The first of `paths` that may form a group: files that are named like pages and not too large.
  static func candidates(_ paths: ArraySlice<String>, pass: IngestPass) -> [String] {
    var found: [String] = []
    var byteCount = 0
    for path in paths {
      guard path.hasSuffix(".json") || path.hasSuffix(".json.gz") else { break }
      var status = stat()
      guard lake_stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        status.st_size <= Self.fileByteCountMax
      else { break }
      // Packed rows take about as much as their JSON; compressed JSON takes a tenth of it.
      byteCount += Int(status.st_size) * (path.hasSuffix(".gz") ? 10 : 1)
      if byteCount > pass.rowByteCountMax * 9 / 10 { break }
      found.append(path)
    }
    return found.count > 1 ? found : []
  }

  /// A file that must be read by itself.
  struct NotPlain: Error {}

  /// Buffers that one file after the other is read into.
  final class Scratch {
    let bytes = ByteBuffer()
    let block: RowBlock

    init(layout: RowLayout) { block = RowBlock(layout: layout) }
  }

  /// What all files of a group have in common, taken from the first.
  struct Shape: Sendable {
    let kind: PageKind
    let schemaKind: String
    let placement: SourcePlacement
    let market: MassiveMarket
    let isAdjusted: Bool
    /// Length of the bars.
    let span: BarSpan
    /// Whether a flag or the table states it; else the path of each file does.
    let isSpanStated: Bool
    let rules: RowRuleEvaluator

    init(_ path: String, options: SourceOptions, hint: KindHint, lake: Lake) throws {
      let opened = try SourceFile.open(
        try InputStream(path: path), options: options, hint: hint, lake: lake)
      guard let source = opened.source as? MassiveSource, source.isOfBars,
        let placement = opened.placement, let ticker = source.ticker,
        let market = MassiveMarket(ticker: ticker), options.symbol == nil
      else { throw NotPlain() }
      kind = source.kind
      schemaKind = opened.schema.kind
      self.placement = placement
      self.market = market
      isAdjusted = source.isAdjusted ?? false
      rules = source.rules
      guard case .bars(_, let span)? = MassiveKind(schemaKind: opened.schema.kind) else {
        throw NotPlain()
      }
      self.span = span
      isSpanStated = try SourceFile.saysSpan(hint, path: path)
      guard isSpanStated || PagePath.span(path) == span else { throw NotPlain() }
    }
  }

  /// A file's rows before routing. They are in its scratch.
  struct File: Sendable {
    var path: String
    var sha256 = ""
    var byteCount = 0
    private(set) var tickers: [String] = []
    private var seenTickers: Set<String> = []
    /// Range of the rows' times, half-open.
    var interval: Range<Int64> = 0..<0
    var rowCount = 0
    var flagCount = 0
    // Passed once, from the thread that read the file to the one that feeds the sink.
    nonisolated(unsafe) var strings = StringTable()

    /// Reads a file whose pages are all simple.
    init(_ path: String, shape: Shape, scratch: Scratch) throws {
      self.path = path
      guard PagePath.span(path).map({ $0 == shape.span }) ?? shape.isSpanStated else {
        throw NotPlain()
      }
      byteCount = try Self.readAll(path, into: scratch.bytes)
      let bytes = scratch.bytes.bytes
      sha256 = SHA256.hex(of: bytes)
      scratch.block.bytes.removeAll()
      let parser = try PageParser(shape.kind, strings: strings)
      var position = 0
      while position < bytes.count {
        let (envelope, end) = try parser.parse(bytes, at: position, into: scratch.block)
        try check(envelope, shape)
        position = end
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
          position += 1
        }
      }
      rowCount = scratch.block.rowCount
      guard rowCount > 0, parser.rejectedCount == 0,
        scratch.block.bytes.count <= PageGroup.fileRowByteCountMax
      else { throw NotPlain() }
      try checkRows(scratch.block, shape.rules)
    }

    private mutating func check(_ envelope: PageEnvelope, _ shape: Shape) throws {
      guard !envelope.isRefused, let ticker = envelope.ticker,
        MassiveMarket(ticker: ticker) == shape.market,
        shape.market == .indices || (envelope.isAdjusted ?? false) == shape.isAdjusted
      else { throw NotPlain() }
      // Pages of one ticker usually follow one another.
      if tickers.last != ticker, seenTickers.insert(ticker).inserted { tickers.append(ticker) }
    }

    private mutating func checkRows(_ block: RowBlock, _ rules: RowRuleEvaluator) throws {
      let base = UnsafeRawPointer(block.bytes.base)
      let stride = block.layout.stride
      var last = -1
      for finding in rules.broken(base, rowCount: rowCount, stride: stride) {
        guard rules.rules[finding.rule].action == .flag else { throw NotPlain() }
        if finding.row != last { flagCount += 1 }
        last = finding.row
      }
      var (low, high) = (Int64.max, Int64.min)
      for row in 0..<rowCount {
        let time = base.loadLE(row &* stride &+ MassiveLayout.indexOffset, as: Int64.self)
        low = time < low ? time : low
        high = time > high ? time : high
      }
      interval = low..<high + 1
    }

    /// The whole file, decompressed.
    ///
    /// - Returns: Its stored size.
    private static func readAll(_ path: String, into buffer: ByteBuffer) throws -> Int {
      let isPlain = path.hasSuffix(".json")
      let supply: any ByteSupply =
        isPlain ? try FileSupply(path: path) : try InputStream(path: path)
      buffer.removeAll()
      var step = 2 << 20
      while true {
        buffer.reserve(buffer.count + step)
        let room = UnsafeMutableRawBufferPointer(start: buffer.base + buffer.count, count: step)
        let count = try supply.read(into: room)
        if count == 0 { break }
        buffer.count += count
        // Compressed JSON may expand to any size.
        if buffer.count > PageGroup.fileRowByteCountMax { throw NotPlain() }
        step = max(1 << 16, min(step, buffer.count))
      }
      return (supply as? InputStream)?.compressedOffset ?? buffer.count
    }
  }
}
