import Bytes
import Storage

/// What a listing of a log comes to, for whoever wants the newest version only.
struct KnownLog: Hashable, Sendable {
  /// The oldest of the commits that lie there without a gap up to the newest version.
  var firstCommit: Int
  /// The newest complete checkpoint; nil where there is none.
  var checkpoint: CheckpointFiles?

  /// Commits behind the checkpoint, beyond which a log is listed: that of no writer has as many.
  static let tailCommitMax = 4 * CheckpointPolicy.tailCommitLimit

  /// The oldest commit that is of interest; nil where `newest` cannot be reached from here.
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

/// `.lake_listing` in a log of many commits: spares a command the listing of the folder, whose cost grows with
/// every commit that there ever was. Other programs see a dot file that they do not know.
///
/// It is only a hint, and never the reason why a version is read:
/// - It holds for the folder with the very stamp that it names. A commit, a clean-up, a checkpoint of anybody
///   changes that stamp, and so does a copy or a backup that is put back. Then the log is listed.
/// - What it says is looked for all the same: the commit of the version is there, that of the next is not, and the
///   checkpoint and all commits behind it are read. Where one is missing or damaged the log is listed.
/// - So a stale, torn, forged one leads to the newest version or to a listing: the newest version is the one
///   behind which there is no commit, and that is looked at each time.
///
/// Written by commits alone, in place; that it cannot be written is no failure.
struct ListingHint: Hashable {
  static let path = LogFile.directory + "/.lake_listing"
  /// Commits below which a log is listed fast enough.
  static let commitCountMin = 256
  /// Commits that may follow the hint's version, all within one tick of the file system's clock.
  static let laterCommitMax = 4096

  var folder: FolderStamp
  var version: Int
  var known: KnownLog

  // MARK: - Form

  /// What it begins with; the last byte is the format's version.
  private static let kind = Array("lakelst".utf8) + [1]
  /// `kind`, eight numbers, and the checksum of all that.
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

  /// nil where the bytes are no hint that makes sense.
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

  /// Notes what a commit knows of its log.
  ///
  /// - Parameters:
  ///   - version: The version just committed, behind those that `known` is about without a gap.
  ///   - known: Of the snapshot that the commit was planned on, with a checkpoint that was found since.
  static func write(_ version: Int, _ known: KnownLog, _ storage: any TableStorage) {
    guard known.oldestNeeded(for: version) != nil, version - known.firstCommit >= commitCountMin
    else { return }
    // Without it the log is listed: a folder or file of another user, a full disk harm nothing.
    try? storage.writeNote(path, kind: kind) { folder in
      ListingHint(folder: folder, version: version, known: known).bytes
    }
  }

  /// The newest version and what is known of the log; nil where it has to be listed.
  private static func newest(_ storage: any TableStorage) -> (version: Int, known: KnownLog)? {
    // What cannot be read or looked at is not believed: the log is listed, and tells what is wrong.
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

  /// The listing as far as it matters to the newest version, and what `_last_checkpoint` says, which must not be
  /// of another checkpoint; nil where the log has to be listed.
  static func listing(
    _ storage: any TableStorage
  ) -> (listing: LogListing, lastCheckpoint: LastCheckpoint.Hint)? {
    guard let (version, known) = newest(storage), let listing = LogListing(known, upTo: version)
    else { return nil }
    // Of one in parts the reader misses the others. As above: one that cannot be looked at is not believed.
    if let last = known.checkpoint?.paths.last, (try? storage.exists(last)) != true { return nil }
    let lastCheckpoint = LastCheckpoint.read(storage)
    return listing.contradicts(lastCheckpoint) ? nil : (listing, lastCheckpoint)
  }
}
