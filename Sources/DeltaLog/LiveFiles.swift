/// The live files of a table, in the order of the log.
///
/// A table may have 100,000 of them, and most commands look at those of a date: files of a sealed checkpoint
/// are decoded only when needed.
struct LiveFiles: Sendable {
  /// Row groups of a sealed checkpoint; empty if all files are in `later`.
  private(set) var stored: [StoredFiles] = []
  /// Changes since, in order; nil if a file was removed. Empty if nothing is in `stored`.
  private var changes: [(key: String, file: AddFile?)] = []
  /// All files, if nothing is in `stored`.
  private var later = KeyedFiles<AddFile>()

  init() {}

  /// An upper bound of their number: removed files of the checkpoint still count.
  var countBound: Int { stored.reduce(later.count + changes.count) { $0 + $1.count } }

  mutating func set(_ key: String, _ file: AddFile) {
    if stored.isEmpty { later.set(key, file) } else { changes.append((key, file)) }
  }

  mutating func remove(_ key: String) {
    if stored.isEmpty { later.remove(key) } else { changes.append((key, nil)) }
  }

  /// Adds the files in a row group of a sealed checkpoint.
  mutating func take(_ part: StoredFiles) throws(DeltaError) {
    // One part of a checkpoint may be sealed and another not.
    if later.count > 0 || !changes.isEmpty {
      for file in try part.files() { set(file.key, file) }
    } else {
      stored.append(part)
    }
  }

  func all() throws(DeltaError) -> [AddFile] {
    if stored.isEmpty { return later.values() }
    var files = KeyedFiles<AddFile>()
    files.reserveCapacity(countBound)
    for part in stored {
      for file in try part.files() {
        let count = files.count
        files.set(file.key, file)
        if files.count == count { throw part.twice(file) }
      }
    }
    for change in changes {
      if let file = change.file { files.set(change.key, file) } else { files.remove(change.key) }
    }
    return files.values()
  }

  /// Files with this value of a partition column, in the order of `all`.
  func files(where column: String, is value: String) throws(DeltaError) -> [AddFile] {
    if stored.isEmpty { return later.values().filter { $0.partitionValue(column) == value } }
    var files = KeyedFiles<AddFile>()
    for part in stored where part.mayHold(partitionValue: value) {
      for file in try part.files() where file.partitionValue(column) == value {
        files.set(file.key, file)
      }
    }
    for change in changes {
      if let file = change.file, file.partitionValue(column) == value {
        files.set(change.key, file)
      } else {
        files.remove(change.key)
      }
    }
    return files.values()
  }
}

extension AddFile {
  fileprivate var key: String { LogReplay.key(path, deletionVectorID) }
}
