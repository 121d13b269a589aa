import Bytes
import Storage

/// The result of listing a log, as far as the newest version needs it.
struct KnownLog: Hashable, Sendable {
  /// The oldest of the commits without a gap up to the newest version.
  var firstCommit: Int
  /// The newest complete checkpoint; nil if there is none.
  var checkpoint: CheckpointFiles?

  /// If more commits follow the checkpoint, the log is listed; no writer leaves so many.
  static let tailCommitMax = 4 * CheckpointPolicy.tailCommitLimit

  /// The oldest commit that is needed; nil if `newest` cannot be built from here.
  func oldestNeeded(for newest: Int) -> Int? {
    guard firstCommit >= 0, firstCommit <= newest else { return nil }
    let base = checkpoint?.version ?? -1
    let (tail, overflow) = newest.subtractingReportingOverflow(base)
    guard !overflow, (0...Self.tailCommitMax).contains(tail), firstCommit - 1 <= base else {
      return nil
    }
    // checked: both are versions
    return Swift.max(firstCommit, newest - Self.tailCommitMax)
  }
}

/// `.lake_listing` in a log with many commits: saves the listing of the folder, whose cost grows with every
/// commit ever made. Other programs ignore the unknown dot file.
///
/// It is only a hint, and never the reason for reading a version:
/// - It is valid only for a folder with exactly the modification time that it records. A commit, a clean-up, or
///   a checkpoint by anyone changes that time, as does restoring a copy or a backup. Then the log is listed.
/// - Its content is verified all the same: the commit of its version must exist, the next must not, and the
///   checkpoint and all later commits are read. If one is missing or damaged, the log is listed.
/// - So a stale, torn or forged hint leads to the newest version or to a listing: the newest version is the one
///   without a next commit, which is checked each time.
///
/// Written only by commits, in place; failing to write it is no error.
struct ListingHint: Hashable {
  static let path = LogFile.directory + "/.lake_listing"
  /// Logs with fewer commits are listed fast enough.
  static let commitCountMin = 256
  /// Commits that may follow the hint's version within one tick of the file system's clock.
  static let laterCommitMax = 4096

  var folder: FolderStamp
  var version: Int
  var known: KnownLog

  // MARK: - Form

  /// The first bytes; the last one is the format's version.
  private static let kind = Array("lakelst".utf8) + [1]
  /// `kind`, eight numbers, and a checksum of both.
  static let byteCount = 8 + 8 * 8 + 8

  var bytes: [UInt8] {
    let numbers: [UInt64] = [
      folder.device, folder.inode, UInt64(bitPattern: folder.modificationTime),
      UInt64(bitPattern: folder.changeTime), Self.word(version), Self.word(known.firstCommit),
      Self.word(known.checkpoint?.version ?? -1), Self.word(known.checkpoint?.partCount ?? 0),
    ]
    var bytes = Self.kind
    for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    withUnsafeBytes(of: Self.checksum(bytes[...]).littleEndian) { bytes += $0 }
    return bytes
  }

  init(folder: FolderStamp, version: Int, known: KnownLog) {
    self.folder = folder
    self.version = version
    self.known = known
  }

  /// nil if the bytes are no valid hint.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount, bytes.starts(with: Self.kind) else { return nil }
    let numbers = bytes.withUnsafeBytes { raw in
      (1..<Self.byteCount / 8).map {
        UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
      }
    }
    guard numbers[8] == Self.checksum(bytes.dropLast(8)) else { return nil }
    let (version, first, checkpoint, parts) = (
      Int(truncatingIfNeeded: numbers[4]), Int(truncatingIfNeeded: numbers[5]),
      Int(truncatingIfNeeded: numbers[6]), Int(truncatingIfNeeded: numbers[7])
    )
    guard version >= 0, checkpoint >= -1, (0...CheckpointFiles.partCountMax).contains(parts) else {
      return nil
    }
    self.version = version
    folder = FolderStamp(
      device: numbers[0], inode: numbers[1], modificationTime: Int64(bitPattern: numbers[2]),
      changeTime: Int64(bitPattern: numbers[3]))
    known = KnownLog(
      firstCommit: first,
      checkpoint: checkpoint < 0
        ? nil : CheckpointFiles(version: checkpoint, partCount: parts == 0 ? nil : parts))
    if known.oldestNeeded(for: version) == nil { return nil }
  }

  private static func word(_ number: Int) -> UInt64 { UInt64(truncatingIfNeeded: number) }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.withUnsafeBytes { UInt64(CRC32.checksum($0)) }
  }

  // MARK: - Use

  /// Writes down what a commit knows about its log.
  ///
  /// - Parameters:
  ///   - version: The version just committed, which follows those in `known` without a gap.
  ///   - known: From the snapshot that the commit was planned with, with a checkpoint that was found since.
  static func write(_ version: Int, _ known: KnownLog, _ storage: any TableStorage) {
    guard known.oldestNeeded(for: version) != nil, version - known.firstCommit >= commitCountMin
    else { return }
    // Without the hint the log is listed, so a folder of another user or a full disk does no harm.
    try? storage.writeNote(path, kind: kind) { folder in
      ListingHint(folder: folder, version: version, known: known).bytes
    }
  }

  /// The newest version and what is known of the log; nil if it must be listed.
  private static func newest(_ storage: any TableStorage) -> (version: Int, known: KnownLog)? {
    // If the hint cannot be read, the log is listed, and errors surface there.
    guard let (bytes, folder) = try? storage.readNote(path, byteCount: byteCount),
      let hint = ListingHint(bytes), hint.folder == folder
    else { return nil }
    var version = hint.version
    // As above.
    guard (try? storage.exists(LogFile.commitPath(version))) == true else { return nil }
    for _ in 0..<laterCommitMax {
      let (next, overflow) = version.addingReportingOverflow(1)
      // As above.
      guard !overflow, let isThere = try? storage.exists(LogFile.commitPath(next)) else {
        return nil
      }
      if !isThere { return (version, hint.known) }
      version = next
    }
    return nil
  }

  static func latest(_ storage: any TableStorage) -> Int? { newest(storage)?.version }

  /// The listing as far as the newest version needs it, and `_last_checkpoint`, which must not point to another
  /// checkpoint; nil if the log must be listed.
  static func listing(
    _ storage: any TableStorage
  ) -> (listing: LogListing, lastCheckpoint: LastCheckpoint.Hint)? {
    guard let (version, known) = newest(storage), let listing = LogListing(known, upTo: version)
    else { return nil }
    // The reader notices if other parts are missing. As above: if it cannot be checked, the log is listed.
    if let last = known.checkpoint?.paths.last, (try? storage.exists(last)) != true { return nil }
    let lastCheckpoint = LastCheckpoint.read(storage)
    return listing.contradicts(lastCheckpoint) ? nil : (listing, lastCheckpoint)
  }
}
