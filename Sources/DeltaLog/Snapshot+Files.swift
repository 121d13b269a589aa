import Bytes
import Columnar

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
      totals.byteCount = totals.byteCount.adding(clamped: file.size)
      totals.rowCount = totals.rowCount.adding(known: file.rowCount)
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
