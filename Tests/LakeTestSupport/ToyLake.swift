import Bytes
import Catalog
import Columnar
import Databento
import DeltaLog
import Ingest
import Parquet
import TestSupport

/// A lake in a temporary folder, and DBN files to ingest.
package struct ToyLake: Sendable {
  package let folder = TemporaryFolder()
  package let lake: Lake

  package init() throws {
    try LakeInit(directory: folder.path + "/lake", workingDirectory: "/").apply()
    lake = try Lake(root: folder.path + "/lake")
  }

  /// A one-second bar: second of the day 2024-01-02 + `day`, instrument, publisher, price in units.
  package struct Bar: Hashable, Sendable {
    package var day = 0
    package var second: Int
    package var instrument: UInt32 = 1
    package var publisher: UInt16 = 1
    package var price: Int64 = 100
    package var volume: UInt64 = 10

    package init(
      day: Int = 0, second: Int, instrument: UInt32 = 1, publisher: UInt16 = 1,
      price: Int64 = 100, volume: UInt64 = 10
    ) {
      self.day = day
      self.second = second
      self.instrument = instrument
      self.publisher = publisher
      self.price = price
      self.volume = volume
    }
  }

  package static let firstDay = 19_724  // 2024-01-02

  /// - Parameter sentAt: `ts_out` of the first bar, in ns, increasing by one per bar; nil for bars that were
  ///   not sent by a live gateway.
  package func bars(
    _ name: String, _ bars: [Bar], kind: RecordKind = .ohlcv1s, sentAt: UInt64? = nil
  ) throws -> String {
    let mappings = Set(bars.map(\.instrument)).sorted().map { id in
      SymbolMapping(
        rawSymbol: "SYM\(id)",
        intervals: [
          MappingInterval(
            startDate: CivilDate(daysSinceEpoch: Self.firstDay - 10),
            endDate: CivilDate(daysSinceEpoch: Self.firstDay + 4000), symbol: "\(id)")
        ])
    }
    let metadata = DBNMetadata(
      dataset: "TEST.SET", schema: kind, start: 0, end: nil,
      tsOut: sentAt != nil, symbols: mappings.map(\.rawSymbol), mappings: mappings)
    let path = folder.path + "/" + name
    let writer = try DBNWriter(path: path, metadata: metadata, overwrites: true)
    var record = DBNFields.template(kind, version: 3, tsOut: sentAt != nil)
    for (number, bar) in bars.enumerated() {
      let time = UInt64((Self.firstDay + bar.day) * 86_400 + bar.second) * 1_000_000_000
      record.withUnsafeMutableBytes { raw in
        guard let base = raw.baseAddress else { return }
        base.storeLE(bar.publisher, 2)
        base.storeLE(bar.instrument, 4)
        base.storeLE(time, 8)
        base.storeLE(bar.price * 1_000_000_000, 16)
        base.storeLE((bar.price + 2) * 1_000_000_000, 24)
        base.storeLE((bar.price - 2) * 1_000_000_000, 32)
        base.storeLE((bar.price + 1) * 1_000_000_000, 40)
        base.storeLE(bar.volume, 48)
        if let sentAt { base.storeLE(sentAt + UInt64(number), 56) }
      }
      try record.withUnsafeBytes { try writer.write($0) }
    }
    try writer.finish()
    return path
  }

  package func trades(
    _ name: String, _ rows: [(second: Int, sequence: UInt32, size: UInt32)],
    start: Int, end: Int
  ) throws -> String {
    let day = UInt64(Self.firstDay) * 86_400_000_000_000
    let mapping = SymbolMapping(
      rawSymbol: "SYM1",
      intervals: [
        MappingInterval(
          startDate: CivilDate(daysSinceEpoch: Self.firstDay),
          endDate: CivilDate(daysSinceEpoch: Self.firstDay + 1), symbol: "1")
      ])
    let metadata = DBNMetadata(
      dataset: "TEST.SET", schema: .trades, start: day + UInt64(start) * 1_000_000_000,
      end: day + UInt64(end) * 1_000_000_000, symbols: ["SYM1"], mappings: [mapping])
    let path = folder.path + "/" + name
    let writer = try DBNWriter(path: path, metadata: metadata, overwrites: true)
    let fields = DBNFields.fields(.trades, version: 3)
    func offset(_ name: String) -> Int { fields.first { $0.name == name }?.offset ?? 0 }
    var record = DBNFields.template(.trades, version: 3, tsOut: false)
    for row in rows {
      let time = day + UInt64(row.second) * 1_000_000_000 + 7
      record.withUnsafeMutableBytes { raw in
        guard let base = raw.baseAddress else { return }
        base.storeLE(UInt32(1), 4)
        base.storeLE(time - 5, 8)
        base.storeLE(time, offset("ts_recv"))
        base.storeLE(Int64(5_000_000_000), offset("price"))
        base.storeLE(row.size, offset("size"))
        base.storeLE(row.sequence, offset("sequence"))
      }
      try record.withUnsafeBytes { try writer.write($0) }
    }
    try writer.finish()
    return path
  }

  @discardableResult
  package func ingest(
    _ paths: [String], change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> IngestReport {
    var options = IngestOptions()
    options.jobs = 2
    change(&options)
    return try IngestPass(lake: lake, options: options).ingest(paths)
  }

  package func files(_ table: String) throws -> [AddFile] {
    try lake.table(named: table).snapshot().files.sorted { $0.path < $1.path }
  }

  package func path(_ file: AddFile, _ table: String) throws -> String {
    try lake.table(named: table).path + "/" + file.filePath
  }

  /// Values of some columns of a table by row, dates in order.
  package func rows(_ table: String, _ columns: [String]) throws -> [[String]] {
    var result: [[String]] = []
    for file in try files(table).sorted(by: {
      ($0.partitionValue("date") ?? "", $0.path) < ($1.partitionValue("date") ?? "", $1.path)
    }) {
      let reader = try ParquetReader(path: try path(file, table))
      for rowGroup in reader.metadata.rowGroups.indices {
        var texts: [[String]] = []
        for name in columns {
          guard let leaf = reader.leafIndex(named: name) else { continue }
          var column = Column(type: reader.leaves[leaf].type, storage: .integers([]))
          try reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: nil, into: &column)
          texts.append((0..<column.count).map { column.text($0) })
        }
        for row in 0..<reader.rowCount(rowGroup: rowGroup) { result.append(texts.map { $0[row] }) }
      }
    }
    return result
  }
}

extension Column {
  package func text(_ row: Int) -> String {
    if isNull(row) { return "null" }
    switch storage {
    case .integers(let values): return "\(values[row])"
    case .wide(let values): return "\(values[row])"
    case .doubles(let values): return "\(values[row])"
    case .bytes(let values): return values[row]
    case .codes(let codes, let dictionary): return dictionary[Int(codes[row])]
    }
  }
}
