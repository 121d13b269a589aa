import DeltaLog
import TestSupport

/// The readers of a table's log as a fuzz target.
public enum DeltaFuzz {
  /// The same of bytes that the fuzzer owns.
  public static func run(_ bytes: UnsafeRawBufferPointer) { run(Array(bytes)) }

  /// Loads a table with the bytes as its checkpoint or its only commit; parses a commit and prints it again.
  public static func run(_ bytes: [UInt8]) {
    if bytes.starts(with: "PAR1".utf8) {
      return load(bytes, as: "_delta_log/\(zero).checkpoint.parquet")
    }
    load(bytes, as: "_delta_log/\(zero).json")
    guard let actions = try? CommitParser.parse(bytes, path: "fuzz") else { return }
    for action in actions {
      guard case .add(let file) = action else { continue }
      _ = file.filePath
      if let vector = file.deletionVector, vector.isInline {
        _ = try? vector.rows(in: DataFolder(root: "fuzz"), rowCount: 1 << 20)
      }
      guard let statistics = file.statistics else { continue }
      for type in DeltaType.examples {
        _ = type.columnType.map { statistics.bounds(of: "a", type: $0) }
      }
    }
    // Deletion vectors are told apart, never written.
    let writable = actions.map { action in
      switch action {
      case .add(var file):
        file.deletionVector = nil
        return Action.add(file)
      case .remove(var file):
        file.deletionVectorID = nil
        return Action.remove(file)
      default: return action
      }
    }
    let printed = CommitWriter.bytes(of: writable)
    guard let again = try? CommitParser.parse(printed, path: "fuzz") else {
      preconditionFailure("a commit that was parsed and printed cannot be parsed")
    }
    precondition(again == writable, "a commit changes when it is printed and parsed")
  }

  private static let zero = String(repeating: "0", count: 20)

  /// Loads a table whose log is one file, and reads all that its snapshot says.
  private static func load(_ bytes: [UInt8], as path: String) {
    let storage = MemoryStorage(name: "fuzz")
    storage.set(path, bytes)
    // An error is a right answer to bytes that make no sense, here and below.
    guard let snapshot = try? Snapshot.load(storage) else { return }
    for file in (try? snapshot.files) ?? [] { _ = (file.partitionValues, file.tags, file.stats) }
    _ = try? snapshot.tombstones
  }
}

extension DeltaType {
  fileprivate static let examples: [DeltaType] = [
    .string, .long, .double, .boolean, .date, .timestamp, .timestampNtz,
    .decimal(precision: 18, scale: 9), .decimal(precision: 38, scale: 18),
  ]
}
