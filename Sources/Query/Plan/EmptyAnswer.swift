import Bytes
import Columnar
import DeltaLog
import Platform

/// Reasons why an answer may have no rows.
struct EmptyAnswer {
  /// Most row groups that are searched for symbols, and most symbols kept.
  static let rowGroupCountMax = 512
  static let symbolCountMax = 100_000

  let plan: QueryPlan
  let request: QueryRequest

  func reasons() throws -> [String] {
    let table = plan.table
    if table.files.isEmpty { return ["'\(table.name)' holds no rows at all"] }
    var reasons: [String] = []
    if plan.limit == 0 { reasons.append("--limit is 0") }
    if plan.range != TimeRange() {
      let column = table.columns[table.indexColumn ?? 0].name
      let held = try heldRange().map { "; in the table: \($0)" } ?? ""
      reasons.append("\(column) asked for: \(plan.range.text)\(held)")
    }
    reasons += try symbolReasons()
    if let clause = request.filter {
      reasons.append(
        reasons.isEmpty && request.symbols.isEmpty
          ? "no row satisfies: \(clause)" : "rows must also satisfy: \(clause)")
    }
    return reasons.isEmpty ? ["'\(table.name)' holds no such rows"] : reasons
  }

  // MARK: - Range

  /// First and last index time by statistics; nil if they don't say.
  private func heldRange() throws -> String? {
    guard let index = plan.table.indexColumn else { return nil }
    let column = plan.table.columns[index]
    var low: Int128?
    var high: Int128?
    for file in plan.table.files {
      guard let bounds = try bounds(of: index, column, in: file),
        case .number(let first)? = bounds.low, case .number(let last)? = bounds.high
      else { return nil }
      low = Swift.min(low ?? first, first)
      high = Swift.max(high ?? last, last)
    }
    guard let low, let high, let scale = ValueDomain.scale(of: column) else { return nil }
    var unit: Int128 = 1
    for _ in scale..<9 { unit *= 10 }
    guard let first = Int64(exactly: low * unit), let last = Int64(exactly: high * unit) else {
      return nil
    }
    return "\(TimeRange.text(first)) to \(TimeRange.text(last))"
  }

  private func bounds(
    of index: Int, _ column: QueryColumn, in file: TableFile
  ) throws -> FilterBounds? {
    if let statistics = file.log?.statistics, let known = file.logBounds(column, statistics),
      known.low != nil
    {
      return known
    }
    let segment = try file.open()
    var merged: FilterBounds?
    for rowGroup in segment.rowGroupRowCounts.indices {
      guard let next = segment.bounds(rowGroup: rowGroup, column: column) else { return nil }
      merged = merged.map { $0.merged(with: next) } ?? next
    }
    return merged
  }

  // MARK: - Symbols

  private func symbolReasons() throws -> [String] {
    if request.symbols.isEmpty { return [] }
    let known = try symbols()
    return request.symbols.filter { !known.contains($0) }.map { symbol in
      let near = NearestNames.near(symbol, among: Array(known))
      let told =
        near.isEmpty
        ? known.sorted().prefix(NearestNames.offeredMax).joined(separator: ", ")
        : near.joined(separator: ", ")
      return "symbol '\(symbol)' is not in the table; "
        + (near.isEmpty ? "it holds " : "nearest: ") + told
    }
  }

  /// Symbols of the table, within the limits: newest files first.
  private func symbols() throws -> Set<String> {
    guard let index = plan.table.symbolColumn else { return [] }
    let column = plan.table.columns[index]
    var known: Set<String> = []
    var rowGroups = 0
    for (ordinal, file) in plan.table.files.enumerated().reversed() {
      if rowGroups >= Self.rowGroupCountMax || known.count >= Self.symbolCountMax { break }
      let open = try OpenFile(file, ordinal: ordinal)
      for (rowGroup, rowCount) in open.segment.rowGroupRowCounts.enumerated() where rowCount > 0 {
        rowGroups += 1
        if rowGroups > Self.rowGroupCountMax { break }
        let unit = ScanUnit(
          file: open, rowGroup: rowGroup, rows: 0..<rowCount, filter: .everything)
        let deletedCount = unit.deletions?.count ?? 0
        if deletedCount == rowCount { continue }
        let bounds = open.segment.bounds(rowGroup: rowGroup, column: column)
        if let low = bounds?.low, low == bounds?.high, case .bytes(let bytes) = low {
          known.insert(String(decoding: bytes, as: UTF8.self))
          continue
        }
        let reader = UnitReader(columns: plan.table.columns)
        try reader.begin(unit)
        let vector = try reader.read(index).main
        if deletedCount == 0 {
          Self.collect(vector, into: &known)
        } else {
          try Self.collect(vector, of: unit, into: &known)
        }
      }
    }
    return known
  }

  /// The symbols of rows that are not deleted.
  private static func collect(
    _ vector: ColumnVector, of unit: ScanUnit, into known: inout Set<String>
  ) throws {
    guard vector.form == .codes || vector.form == .bytes else { return }
    let selected = ByteBuffer()
    let count = try FilterMask(columns: []).select(
      .everything, rowCount: unit.rows.count, without: unit.deletions, into: selected
    ) { _ in ColumnReading(main: vector) }
    let rows = UnsafeRawPointer(selected.base).assumingMemoryBound(to: Int32.self)
    let codes = vector.values?.assumingMemoryBound(to: Int32.self)
    for index in 0..<count where known.count < symbolCountMax {
      let row = vector.isConstant ? 0 : Int(rows[index])
      if let validity = vector.validity, !vector.isConstant, validity[row] == 0 { continue }
      let entry = vector.form == .codes ? Int(codes?[row] ?? 0) : row
      known.insert(String(decoding: vector.entry(entry), as: UTF8.self))
    }
  }

  private static func collect(_ vector: ColumnVector, into known: inout Set<String>) {
    let count = vector.form == .codes ? vector.entryCount : vector.isConstant ? 1 : vector.rowCount
    guard vector.form == .codes || vector.form == .bytes else { return }
    var last: String?
    for entry in 0..<count {
      if vector.form == .bytes, let validity = vector.validity, validity[entry] == 0 { continue }
      let text = String(decoding: vector.entry(entry), as: UTF8.self)
      if text == last { continue }
      last = text
      known.insert(text)
      if known.count >= symbolCountMax { return }
    }
  }
}
