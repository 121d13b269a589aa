import Catalog
import Columnar
import DeltaLog
import Tables

/// The volumes of the table that longer bars were made of: those must add up to the same.
struct SourceVolumes: Sendable {
  private let plain: PlainFiles
  private let name: String
  private let fields: [Field]
  private let index: String
  private let files: [String: [AddFile]]

  /// nil where the table is not made of shorter bars of the same dates, or these are gone.
  init?(_ snapshot: Snapshot, lake: Lake) throws {
    guard snapshot.configuration[TableProperty.pass] == ResamplePass.name,
      let text = snapshot.configuration[TableProperty.source],
      snapshot.partitionColumns == [TableSchema.dateColumn],
      // A property that names no table is ignored.
      let name = try? TableName(parsing: text), lake.hasTable(name)
    else { return nil }
    let table = lake.table(name)
    let source = try table.snapshot(applies: .allFeatures)
    guard source.partitionColumns == [TableSchema.dateColumn] else { return nil }
    plain = PlainFiles(source, root: table.path)
    self.name = name.description
    index = source.configuration[TableProperty.index] ?? "ts_event"
    fields = source.fields.filter { $0.name != TableSchema.dateColumn }
    var files: [String: [AddFile]] = [:]
    for (key, own) in try source.filesByPartition() {
      if case .some(.some(let date)) = key.values[TableSchema.dateColumn] { files[date] = own }
    }
    self.files = files
  }

  /// Tells of symbols whose volumes differ on a date. Dates that the source no longer has are not compared.
  func compare(
    _ volumes: [String: Int128], date: String, place: String, _ findings: inout BarFindings
  ) throws {
    guard let own = files[date] else { return }
    let readers = try own.map {
      try plain.reader(of: $0, fields: fields, widens: true)
    }
    var sums: [String: Int128] = [:]
    var scale = 0
    for reader in readers {
      // One file after the other: the order does not matter for a sum.
      let bars = TableBars(name: name, files: [reader], fields: fields, index: index)
      scale = bars.volumeScale
      let batch = BarBatch()
      while try bars.next(into: batch) {
        for row in 0..<batch.count where batch.flag(row) & BarBatch.Flag.volume != 0 {
          let volume = batch.isWide ? batch.wide.volume[row] : Int128(batch.narrow.volume[row])
          sums[bars.symbolName(batch.symbol[row]), default: 0] &+= volume
        }
      }
    }
    for symbol in Set(sums.keys).union(volumes.keys).sorted()
    where sums[symbol] ?? 0 != volumes[symbol] ?? 0 {
      let (made, source) = (volumes[symbol] ?? 0, sums[symbol] ?? 0)
      findings.add(.otherVolume) {
        BarExample(
          source: place, row: nil, time: nil, symbol: symbol,
          values:
            "volume=\(DecimalText.format(made, scale: scale, trimmed: true)), and of \(name) \(DecimalText.format(source, scale: scale, trimmed: true))"
        )
      }
    }
  }
}
