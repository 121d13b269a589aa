import Columnar
import Market
import RowSources

/// The CSV reader as a fuzz target.
public enum CSVFuzz {
  /// Reads `bytes` as CSV in every form; hostile bytes may be refused, but nothing else.
  ///
  /// The first byte chooses the size of the pieces in which the rest arrives and the kind of rows.
  /// Two readings of the same bytes must agree: in one piece with kernels, in small ones without.
  public static func run(_ bytes: [UInt8]) {
    let difference = difference(bytes)
    precondition(difference == nil, "the size of pieces and the kernels change nothing")
  }

  /// How the two readings differ; nil where they agree.
  public static func difference(_ bytes: [UInt8]) -> String? {
    guard let choice = bytes.first else { return nil }
    let content = Array(bytes.dropFirst())
    let schema = choice & 1 == 0 ? bars : quotes
    let piece = [1, 7, 64, 4096][Int(choice >> 1 & 3)]
    let whole = read(content, schema, piece: 1 << 16, usesKernels: true, choice)
    let apart = read(content, schema, piece: piece, usesKernels: false, choice)
    if whole == apart { return nil }
    for (a, b) in zip(whole.rejected, apart.rejected) where a != b {
      return "rejected: \(a)\nin pieces of \(piece): \(b)"
    }
    return "\(whole.rowCount) rows, \(whole.rejected.count) rejected, \(whole.report)\n"
      + "in pieces of \(piece): "
      + "\(apart.rowCount) rows, \(apart.rejected.count) rejected, \(apart.report)"
  }

  /// What a reading yields; only that, where the file is refused.
  private static func read(
    _ bytes: [UInt8], _ schema: SourceSchema, piece: Int, usesKernels: Bool, _ choice: UInt8
  ) -> FuzzOutcome {
    var options = SourceOptions()
    options.chunkByteCount = piece
    options.usesKernels = usesKernels
    options.timeZone = choice & 8 == 0 ? .utc : try? .named("America/New_York")
    options.blockRowMax = choice & 16 == 0 ? 1 << 14 : 3
    if choice & 32 != 0 { options.symbol = "A" }
    if choice & 64 != 0 { options.ambiguousTime = .reject }
    var outcome = FuzzOutcome()
    do {
      let source = try CSVSource(
        supply: MemorySupply(bytes, pieceByteCount: piece), path: "-", schema: schema,
        options: options)
      let block = RowBlock(layout: source.layout)
      while try source.next(block) {
        // Text codes differ with the order in which texts are met, the texts do not.
        outcome.rowCount += block.rowCount
        outcome.rejected += source.takeRejected()
      }
      outcome.report = source.report
      outcome.hash = source.contentHash
    } catch {
      // Rows before an error are dropped with the file, and where it is found depends on the pieces.
      outcome = FuzzOutcome()
      outcome.isRefused = true
    }
    return outcome
  }

  private struct FuzzOutcome: Equatable {
    var isRefused = false
    var rowCount = 0
    var rejected: [SourceRejection] = []
    var report = SourceReport()
    var hash: String?
  }

  private static let bars = SourceSchema(
    kind: "ohlcv-1m",
    columns: [
      SourceColumn("symbol", .string, isRequired: true),
      SourceColumn("ts_event", .timestamp, isRequired: true),
      SourceColumn("open", .decimal(precision: 18, scale: 9), isRequired: true),
      SourceColumn("high", .decimal(precision: 18, scale: 9)),
      SourceColumn("low", .decimal(precision: 18, scale: 9)),
      SourceColumn("close", .decimal(precision: 38, scale: 18)),
      SourceColumn("volume", .long), SourceColumn("extra", .string),
    ], index: "ts_event",
    rules: [
      SourceRule("high", .quarantine, "high", .greaterOrEqual, .column("low"), reason: "high"),
      SourceRule("volume", .flag, "volume", .greaterOrEqual, .number("0.5"), reason: "volume"),
    ])

  private static let quotes = SourceSchema(
    kind: "mbo",
    columns: [
      SourceColumn("symbol", .string, isRequired: true),
      SourceColumn("ts_recv", .timestamp, hasNanoseconds: true, isRequired: true),
      SourceColumn("ts_event", .timestamp, hasNanoseconds: true),
      SourceColumn("instrument_id", .long), SourceColumn("channel_id", .short),
      SourceColumn("publisher_id", .int), SourceColumn("order_id", .long, isUnsigned: true),
      SourceColumn("price", .decimal(precision: 18, scale: 9)), SourceColumn("ratio", .double),
      SourceColumn("is_active", .boolean), SourceColumn("expiration", .date),
    ], index: "ts_recv")
}
