import Parquet

/// The members of live files in one row group of a checkpoint, beside path and size: partition values,
/// statistics and tags. Each column is decoded when it is first needed.
///
/// The file's checksum was verified when it was opened, and its writer read it back. If a column cannot be
/// decoded all the same, its values count as missing, and no commit is made that was decided without them
/// (`failure`).
final class CheckpointDetails: Sendable {
  private let rowGroup: CheckpointRowGroup
  private let partitions = Deferred<RowMaps>()
  private let tags = Deferred<RowMaps>()
  private let statistics = Deferred<RowTexts>()

  init(_ rowGroup: CheckpointRowGroup) { self.rowGroup = rowGroup }

  /// Why a column could not be decoded; nil if none failed.
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
  /// For each row the index of its first entry; then the total.
  private let firstEntries: [Int32]
  /// For each entry that has a key: the key's index in `keys` and the value's in `values`, or -1 for none.
  private let entries: [(key: Int32, value: Int32)]

  /// - Parameters:
  ///   - keyLevel: The definition level of an existing entry.
  ///   - valueLevel: The definition level of an entry with a value.
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

  /// A row's map; nil values are nulls.
  func map(_ row: Int) -> [String: String?] {
    var map: [String: String?] = [:]
    for entry in entries(row) {
      guard let name = keys.string(Int(entry.key)) else { continue }
      // `updateValue`, since assigning nil by subscript would remove the key.
      map.updateValue(entry.value < 0 ? nil : values?.string(Int(entry.value)), forKey: name)
    }
    return map
  }

  /// A row's value for a key; nil if the key is missing or its value null.
  func value(of name: String, _ row: Int) -> String? {
    // If a key occurs twice, the last one counts, as in `map`.
    for entry in entries(row).reversed() where keys.isEqual(Int(entry.key), name) {
      return entry.value < 0 ? nil : values?.string(Int(entry.value))
    }
    return nil
  }
}
