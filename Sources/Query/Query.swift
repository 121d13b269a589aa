import Catalog
import Compression
import Parquet
import Platform

/// How an answer is written.
public struct QueryOutput: Sendable {
  /// What is written; a suffix like `.gz` compresses the first three.
  public enum Format: String, Sendable, CaseIterable { case csv, tsv, jsonl, parquet }

  /// `-` is standard output.
  public var path: String
  /// Of what is written.
  public var format: Format
  /// Replaces an existing file.
  public var force: Bool
  /// Memory for sorting rows of files that are not in output order, in bytes.
  public var memory = 48 << 20
  /// Folder for sorted runs that don't fit into memory.
  public var spillFolder = "/tmp"

  /// - Parameter force: Whether an existing file is replaced; else it is an error.
  public init(path: String, format: Format, force: Bool = false) {
    self.path = path
    self.format = format
    self.force = force
  }

  var layout: RowLayoutKind {
    switch format {
    case .tsv: .tsv
    case .jsonl: .jsonLines
    case .csv: .csv
    case .parquet: .binary
    }
  }

  /// The format for a file name; nil if the name does not tell.
  public static func format(of path: String) -> Format? {
    var name = Substring(path.lowercased())
    for suffix in [".gz", ".zst"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
    for format in Format.allCases where name.hasSuffix("." + format.rawValue) { return format }
    return name.hasSuffix(".json") || name.hasSuffix(".ndjson") ? .jsonl : nil
  }
}

/// The result of a query.
public struct QueryOutcome: Sendable {
  /// Rows that were written.
  public var rowCount: Int
  /// Bytes of the answer, before compression.
  public var byteCount: Int
  /// Whether the reader closed the pipe.
  public var isClosed: Bool
  /// Whether it was stopped: then the answer is not whole.
  public var isInterrupted: Bool
  /// What was read and what was skipped.
  public var report: SkipReport
  /// Columns written as INT96, since no other Parquet type holds all of their times.
  public var int96Columns: [String] = []
}

extension QueryPlan {
  /// Writes the rows to `ordered`, and returns what was skipped.
  fileprivate func scan(
    into ordered: OrderedOutput, _ output: QueryOutput, _ width: Int,
    _ isInterrupted: @escaping @Sendable () -> Bool
  ) throws -> SkipReport {
    let shape = shape(layout: output.layout)
    let merge = KeyedRowMerge(
      shape: shape,
      encoder: order.isEmpty ? KeyEncoder(table) : KeyEncoder(table, terms: order),
      memory: output.memory, spillFolder: output.spillFolder)
    if !order.isEmpty || tail != nil {
      return try OrderedScan(
        plan: self, shape: shape, merge: merge, isInterrupted: isInterrupted
      ).run(width: width, into: ordered)
    }
    let scan = TextScan(
      shape: shape, source: UnitSource(self, shape), output: ordered, merge: merge,
      isInterrupted: isInterrupted)
    try scan.run(width: width)
    return scan.source.report
  }
}

/// One query of one table: planned when made, answered by `run`.
public struct Query: Sendable {
  let plan: QueryPlan
  private let request: QueryRequest

  /// - Parameters:
  ///   - lake: Finds the lake; called only if the table is given by name.
  ///   - named: What a name in `requested_symbol` stood for, beyond what the rows say; called only if the
  ///     filter tests that column.
  ///     where the filter tests that column.
  public init(
    _ request: QueryRequest, lake: () throws -> Lake,
    named: @escaping (String) throws -> [NamedStretch] = { _ in [] }
  ) throws {
    let table = try TableSource.open(
      request.table, version: request.version, asOf: request.asOf,
      allowsOutside: request.allowsOutside, verifiesChecksums: request.verifiesChecksums, lake: lake
    )
    plan = try QueryPlan(request, table, named: named)
    self.request = request
  }

  init(plan: QueryPlan, request: QueryRequest = QueryRequest(table: "")) {
    self.plan = plan
    self.request = request
  }

  /// The range as instants, for messages; nil if it is unlimited.
  public var rangeText: String? {
    plan.range == TimeRange()
      ? nil : "\(plan.range.text), bare dates and times read in \(plan.zoneName)"
  }

  /// The table as the user named it.
  public var tableName: String { plan.table.name }

  /// Version of the table's log; nil for files without one.
  public var version: Int? { plan.table.version }

  /// Columns of types that cannot be printed.
  public var skippedColumns: [String] { plan.table.skippedColumns }

  /// What folders say of files that say otherwise themselves, in words: the folders count.
  public var contradictions: [String] { plan.table.contradictions }

  /// Names that several columns have: only the first is read.
  public var repeatedColumns: [String] { plan.table.repeatedColumns }

  /// Columns with values that are left out by default: fields that the record kind does not have, and requested
  /// names.
  public func leftOutColumns() throws -> [String] {
    guard request.columns.isEmpty else { return [] }
    let names = ["requested_symbol", "extra"]
    var wanted = plan.table.columns.indices.filter {
      names.contains(plan.table.columns[$0].name) && !plan.projection.contains($0)
    }
    var found: [Int] = []
    for (ordinal, file) in plan.files.enumerated() where !wanted.isEmpty {
      let segment = try OpenFile(file, ordinal: ordinal).segment
      for index in wanted {
        let column = plan.table.columns[index]
        guard case .file(let name) = column.origin, segment.type(of: name) != nil else { continue }
        let hasValues = segment.rowGroupRowCounts.indices.contains { group in
          segment.bounds(rowGroup: group, column: column).map { $0.nullCount != $0.rowCount }
            ?? true
        }
        if hasValues { found.append(index) }
      }
      wanted.removeAll(where: found.contains)
    }
    return found.sorted().map { plan.table.columns[$0].name }
  }

  /// Reasons why an answer may have no rows.
  public func emptyReasons() throws -> [String] {
    try EmptyAnswer(plan: plan, request: request).reasons()
  }

  /// Requested symbols that have no row in the range, whatever the other conditions.
  ///
  /// - Parameter isInterrupted: Polled file by file.
  public func missingSymbols(isInterrupted: () -> Bool = { false }) throws -> [String] {
    var missing = try MissingSymbols(request, plan.table)
    return try missing?.find(isInterrupted: isInterrupted) ?? []
  }

  /// What a run would read and what it would skip, and why.
  public func explanation() throws -> Explanation { try Explanation(plan) }

  /// The number of rows, without those that are left out. Cost: reads footers, and of columns those that are tested.
  ///
  /// - Parameters:
  ///   - width: Threads.
  ///   - isInterrupted: Polled between units of work.
  /// - Returns: nil if it was stopped.
  public func count(
    width: Int = Parallel.width, isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) throws -> Int? {
    try RowCount(plan, isInterrupted: isInterrupted).run(width: width)
  }

  /// Writes the answer.
  ///
  /// - Parameters:
  ///   - width: Threads.
  ///   - isInterrupted: Polled between units of work; if true, no output file is left.
  public func run(
    to output: QueryOutput, width: Int = Parallel.width,
    isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) throws -> QueryOutcome {
    let file = try OutputTarget(
      path: output.path, force: output.force,
      format: output.format == .parquet ? .raw : OutputTarget.format(of: output.path))
    let printed = plan.projection.map { plan.table.columns[$0] }
    let forms =
      output.format == .parquet ? try int96Forms(output, width, isInterrupted) : [:]
    let target: any RowTarget =
      switch output.format {
      case .csv, .tsv, .jsonl: file
      case .parquet where printed.contains { $0.nested != nil }:
        try NestedTarget(file: file, columns: printed, forms: forms)
      case .parquet: try ParquetTarget(file: file, columns: printed, forms: forms)
      }
    let ordered = OrderedOutput(target: target, rowLimit: plan.limit)
    try ordered.writeHeader(RowText.header(printed, layout: output.layout))
    let report = try plan.scan(into: ordered, output, width, isInterrupted)
    var outcome = QueryOutcome(
      rowCount: ordered.rowCount, byteCount: ordered.byteCount, isClosed: ordered.isClosed,
      isInterrupted: isInterrupted(), report: report,
      int96Columns: forms.filter { $0.value == .int96 }.keys.sorted())
    if outcome.isInterrupted { return outcome }
    if !outcome.isClosed, try !target.finish() { outcome.isClosed = true }
    return outcome
  }

  /// How the INT96 times of the answer are stored in Parquet, by column.
  private func int96Forms(
    _ output: QueryOutput, _ width: Int, _ isInterrupted: @escaping @Sendable () -> Bool
  ) throws -> [String: Int96Form] {
    var plan = plan
    plan.projection = Set(plan.projection).sorted().filter {
      plan.table.columns[$0].plusName.map { Int96Remainder.time(of: $0) != nil } ?? false
    }
    if plan.projection.isEmpty { return [:] }
    let reach = TimeReach(plan.projection.map { plan.table.columns[$0] })
    let ordered = OrderedOutput(target: reach, rowLimit: plan.limit)
    _ = try plan.scan(into: ordered, output, width, isInterrupted)
    return reach.forms
  }
}
