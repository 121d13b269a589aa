extension Snapshot {
  /// The live files of one partition.
  public func files(in partition: PartitionKey) throws(DeltaError) -> [AddFile] {
    try files.filter { PartitionKey($0.partitionValues) == partition }
  }

  /// Live files by partition.
  public func filesByPartition() throws(DeltaError) -> [PartitionKey: [AddFile]] {
    var last: (values: [String: String?], key: PartitionKey)?
    return Dictionary(grouping: try files) { file in
      if let last, last.values == file.partitionValues { return last.key }
      let key = PartitionKey(file.partitionValues)
      last = (file.partitionValues, key)
      return key
    }
  }
}
