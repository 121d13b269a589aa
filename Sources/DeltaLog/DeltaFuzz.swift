/// The way in for fuzzers: hostile bytes in, no crash out.
public enum DeltaFuzz {
  /// Parses a commit file, replays it, and prints it again.
  public static func run(_ bytes: UnsafeRawBufferPointer) { run(Array(bytes)) }

  /// Parses a commit file, replays it, and prints it again.
  public static func run(_ bytes: [UInt8]) {
    guard let actions = try? CommitParser.parse(bytes, path: "fuzz") else { return }
    var replay = LogReplay()
    replay.apply(actions)
    for action in actions {
      guard case .add(let file) = action else { continue }
      _ = file.filePath
      guard let statistics = file.statistics else { continue }
      for type in DeltaType.examples {
        _ = type.columnType.map { statistics.bounds(of: "a", type: $0) }
      }
    }
    _ = try? Snapshot(replay, version: 0, checkpoint: nil, "fuzz")
    // Deletion vectors are told apart, never written.
    let writable = actions.map { action in
      switch action {
      case .add(var file):
        file.deletionVectorID = nil
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

  /// Parses a checkpoint file and applies it.
  public static func runCheckpoint(_ bytes: [UInt8]) {
    CheckpointReader.fuzz(bytes)
  }
}

extension DeltaType {
  fileprivate static let examples: [DeltaType] = [
    .string, .long, .double, .boolean, .date, .timestamp, .timestampNtz,
    .decimal(precision: 18, scale: 9), .decimal(precision: 38, scale: 18),
  ]
}
