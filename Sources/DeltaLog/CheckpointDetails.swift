import Parquet

/// What one row group of a checkpoint says of its live files beside their paths and sizes: partition
/// values, statistics and tags. Each is decoded when the first file is asked for it.
///
/// The file's checksum was compared when it was opened, and whoever wrote it read it back then. Should a column defy decoding all the same, its values are missing, as a writer may leave them
/// out, and no commit is made by what was decided without them (`failure`).
final class CheckpointDetails: Sendable {
  private let rowGroup: CheckpointRowGroup
  private let partitions = Deferred<RowMaps>()
  private let tags = Deferred<RowMaps>()
  private let statistics = Deferred<RowTexts>()

  init(_ rowGroup: CheckpointRowGroup) { self.rowGroup = rowGroup }

  /// Why a column could not be decoded; nil while none failed.
  var failure: ParquetError? { partitions.failure ?? tags.failure ?? statistics.failure }

  /// How many of the columns were decoded.
  var decodedCount: Int {
    [partitions.isRead, tags.isRead, statistics.isRead].count { $0 }
  }

  private var partitionMaps: RowMaps? {
    partitions.value { () throws(ParquetError) in
      try rowGroup.rowMaps(["add", "partitionValues"])
    }
  }

  private var tagMaps: RowMaps? {
    tags.value { () throws(ParquetError) in try rowGroup.rowMaps(["add", "tags"]) }
  }

  func partitionValues(_ row: Int) -> [String: String?] { partitionMaps?.map(row) ?? [:] }

  func partitionValue(_ column: String, _ row: Int) -> String? {
    partitionMaps?.value(of: column, row)
  }

  func tags(_ row: Int) -> [String: String] {
    (tagMaps?.map(row) ?? [:]).compactMapValues { $0 }
  }

  func tag(_ name: String, _ row: Int) -> String? { tagMaps?.value(of: name, row) }

  func stats(_ row: Int) -> String? {
    statistics.value { () throws(ParquetError) in
      try rowGroup.text("add.stats").map { RowTexts($0) }
    }?.texts.string(row)
  }
}

/// A column of text, shared.
private final class RowTexts: Sendable {
  let texts: TextColumn

  init(_ texts: TextColumn) { self.texts = texts }
}

/// Maps of text by row, in any order.
final class RowMaps: Sendable {
  private let keys: TextColumn
  private let values: TextColumn?
  /// For each row, its first entry; one more behind the last.
  private let firstEntries: [Int32]
  /// For each entry that has a key: the key's index in `keys` and the value's in `values`, or -1 for none.
  private let entries: [(key: Int32, value: Int32)]

  /// - Parameters:
  ///   - keyLevel: The definition level at which an entry is there.
  ///   - valueLevel: The definition level at which an entry's value is there.
  init(_ keys: RepeatedColumn, keyLevel: Int, values: RepeatedColumn?, valueLevel: Int) {
    self.keys = TextColumn(keys.values)
    self.values = values.map { TextColumn($0.values) }
    var firstEntries: [Int32] = []
    var entries: [(key: Int32, value: Int32)] = []
    var (keyIndex, valueIndex): (Int32, Int32) = (0, 0)
    let valueLevels = values?.definitionLevels ?? []
    for (index, repetition) in keys.repetitionLevels.enumerated() {
      if repetition == 0 { firstEntries.append(Int32(entries.count)) }
      let hasKey = Int(keys.definitionLevels[index]) == keyLevel
      let hasValue = index < valueLevels.count && Int(valueLevels[index]) == valueLevel
      if hasKey { entries.append((keyIndex, hasValue ? valueIndex : -1)) }
      if hasKey { keyIndex += 1 }
      if hasValue { valueIndex += 1 }
    }
    firstEntries.append(Int32(entries.count))
    self.firstEntries = firstEntries
    self.entries = entries
  }

  private func entries(_ row: Int) -> ArraySlice<(key: Int32, value: Int32)> {
    guard row + 1 < firstEntries.count else { return [] }
    return entries[Int(firstEntries[row])..<Int(firstEntries[row + 1])]
  }

  /// A row's map; nil stands for a null.
  func map(_ row: Int) -> [String: String?] {
    var map: [String: String?] = [:]
    for entry in entries(row) {
      guard let name = keys.string(Int(entry.key)) else { continue }
      // A subscript would take nil as a wish to remove.
      map.updateValue(entry.value < 0 ? nil : values?.string(Int(entry.value)), forKey: name)
    }
    return map
  }

  /// What a row's map has for a key; nil where that is nothing, or null.
  func value(of name: String, _ row: Int) -> String? {
    // Of a key that stands there twice, the last counts, as in `map`.
    for entry in entries(row).reversed() where keys.isEqual(Int(entry.key), name) {
      return entry.value < 0 ? nil : values?.string(Int(entry.value))
    }
    return nil
  }
}
