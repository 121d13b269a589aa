/// The live files of a table, in the order of the log.
///
/// A table may have 100,000 of them, and most commands look at those of a date: what a sealed checkpoint
/// says of its files stays undecoded until somebody asks.
struct LiveFiles: Sendable {
  /// Row groups of a sealed checkpoint; none where all files are in `later`.
  private(set) var stored: [StoredFiles] = []
  /// What came since, in its order; nil where a file went. Empty where nothing is stored.
  private var changes: [(key: String, file: AddFile?)] = []
  /// All files, where nothing is stored.
  private var later = KeyedFiles<AddFile>()

  init() {}

  /// As many files as there are, or a few more: those of a checkpoint that went since still count.
  var countBound: Int { stored.reduce(later.count + changes.count) { $0 + $1.count } }

  mutating func set(_ key: String, _ file: AddFile) {
    if stored.isEmpty { later.set(key, file) } else { changes.append((key, file)) }
  }

  mutating func remove(_ key: String) {
    if stored.isEmpty { later.remove(key) } else { changes.append((key, nil)) }
  }

  /// Takes over the files of a sealed checkpoint's row group.
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

  /// Those whose partition column has this value, in the order of `all`.
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
