import Catalog
import Columnar
import Databento
import Ingest
import Platform

/// Compares the rows of an interval that a file claims with the vendor's count of records, which is free.
///
/// A file's header, or its first and last row, says which interval it is of, but not that it is complete. If it
/// has as many records as the vendor, it is, and nothing is bought.
public struct ClaimCheck: Sendable {
  private let lake: Lake
  private let client: DatabentoClient
  private let day = CivilDate.nanosecondsPerDay

  /// Compares a lake's rows with the vendor's.
  public init(lake: Lake, client: DatabentoClient) {
    self.lake = lake
    self.client = client
  }

  /// The units, with those of claims split where parts agree (`agreedCount`) and parts do not.
  ///
  /// - Parameter width: Requests that are made at once.
  public func settle(_ units: [DownloadUnit], width: Int) throws -> [DownloadUnit] {
    guard let first = units.first(where: \.isClaimed) else { return units }
    guard let stored = try StoredCount(first.table, kind: first.schema, lake: lake) else {
      return units
    }
    let settled = Monitor<[Int: [DownloadUnit]]>([:])
    try Parallel.forEach(units.count, width: width) { index in
      let parts = try units[index].isClaimed ? settle(units[index], stored) : [units[index]]
      settled.withLock { $0[index] = parts }
    }
    return settled.withLock { settled in units.indices.flatMap { settled[$0] ?? [] } }
  }

  private func settle(_ unit: DownloadUnit, _ stored: StoredCount) throws -> [DownloadUnit] {
    let announced: ClosedRange<Int>
    do {
      announced = try DatabentoDownload.refusing {
        try client.announcedCount(DatabentoDownload.query(unit))
      }
    } catch let refusal as DownloadRefusal where refusal.kind != .unauthorized {
      // The error is reported when the price is requested.
      return [unit]
    }
    let count = try stored.rows(in: ReplacedRegion(unit.request, isClaimed: unit.isClaimed))
    if announced == count...count {
      var agreed = unit
      agreed.agreedCount = count
      return [agreed]
    }
    // Nothing of the claim is stored: no part of it can agree.
    if count == 0 { return [unit] }
    return try halves(of: unit).map { try $0.flatMap { try settle($0, stored) } } ?? [unit]
  }

  /// The unit in two halves: split at a midnight, else by symbols; nil for one symbol's day.
  private func halves(of unit: DownloadUnit) -> [DownloadUnit]? {
    let (start, end) = (unit.interval.lowerBound, unit.interval.upperBound)
    let middle = (start + (end - start) / 2 + day / 2) / day * day
    if start < middle && middle < end {
      return [start..<middle, middle..<end].map { interval in
        var half = unit
        half.interval = interval
        half.isOpen = unit.isOpen && interval.upperBound == end
        return half
      }
    }
    guard unit.symbols.count > 1 else { return nil }
    let cut = unit.symbols.count / 2
    return [unit.symbols[..<cut], unit.symbols[cut...]].map { symbols in
      var half = unit
      half.symbols = Array(symbols)
      return half
    }
  }
}
