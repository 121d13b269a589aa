import Columnar
import JSON

extension Snapshot {
  /// The live files whose `date` partition may hold rows of the dates that `isWanted` accepts, in the
  /// order of `files`. Files whose date is null or no date are always among them.
  public func files(whereDate isWanted: (CivilDate) -> Bool) -> [AddFile] {
    var known: [String: Bool] = [:]
    return files.filter { file in
      guard let text = file.partitionValue("date") else { return true }
      if let answer = known[text] { return answer }
      let answer = CivilDate(iso: text).map(isWanted) ?? true
      known[text] = answer
      return answer
    }
  }

  /// The live files whose `date` partition may hold rows from `first` to `last`, both included.
  public func files(fromDate first: CivilDate, through last: CivilDate) -> [AddFile] {
    files { $0 >= first && $0 <= last }
  }

  /// The live files of one partition.
  public func files(in partition: PartitionKey) -> [AddFile] {
    files.filter { PartitionKey($0.partitionValues) == partition }
  }

  /// Live files by partition.
  public func filesByPartition() -> [PartitionKey: [AddFile]] {
    var last: (values: [String: String?], key: PartitionKey)?
    return Dictionary(grouping: files) { file in
      if let last, last.values == file.partitionValues { return last.key }
      let key = PartitionKey(file.partitionValues)
      last = (file.partitionValues, key)
      return key
    }
  }

  /// Live files, their bytes and, where every file says so, their rows.
  public var totals: TableTotals {
    var totals = TableTotals(fileCount: files.count, byteCount: 0, rowCount: 0)
    for file in files {
      totals.byteCount &+= file.size
      totals.rowCount = totals.rowCount.flatMap { sum in file.rowCount.map { sum &+ $0 } }
    }
    return totals
  }
}

/// The size of a table.
public struct TableTotals: Hashable, Sendable {
  public var fileCount: Int
  public var byteCount: Int64
  /// nil where a file does not say.
  public var rowCount: Int64?

  public init(fileCount: Int, byteCount: Int64, rowCount: Int64?) {
    self.fileCount = fileCount
    self.byteCount = byteCount
    self.rowCount = rowCount
  }
}

extension AddFile {
  /// The file as one line of a listing: path in the file system, bytes, rows, partition values, time,
  /// and bounds of the flat columns that have any.
  ///
  /// - Parameter fields: The table's flat columns.
  public func listing(_ fields: [Field]) -> JSONObject {
    let statistics = statistics
    var object = JSONObject()
    object["path"] = .string(filePath)
    object["size"] = .integer(size)
    object["rows"] = (statistics?.rowCount ?? taggedRowCount).map { .integer($0) } ?? .null
    object["partition"] = .object(
      JSONObject(
        partitionValues.keys.sorted().map { column in
          (column, partitionValue(column).map { .string($0) } ?? .null)
        }))
    object["modified"] = .string(Instant.text(modificationTime))
    var bounds = JSONObject()
    for field in fields {
      guard let statistics, let line = statistics.listing(field) else { continue }
      bounds[field.name] = .object(line)
    }
    if !bounds.isEmpty { object["bounds"] = .object(bounds) }
    if !tags.isEmpty {
      object["tags"] = .object(
        JSONObject(tags.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    return object
  }
}
