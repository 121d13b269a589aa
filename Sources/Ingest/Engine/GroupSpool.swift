import CSystem
import Glibc
import Parquet
import Synchronization
import Tables

/// Row groups that were encoded early, on disk until their segment is assembled.
///
/// The file has no name, so a crash leaves nothing behind.
final class GroupSpool: Sendable {
  private let descriptor: Int32
  private let end = Mutex<Int>(0)

  /// A group whose bytes are in the spool.
  struct Entry: Sendable {
    fileprivate var group: EncodedGroup
    fileprivate var offsets: [Int]
    fileprivate var byteCounts: [Int]
    var rowCount: Int { group.rowCount }
  }

  init(directory: String) throws {
    let path = directory + "/groups"
    descriptor = lake_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PassError.system("open", path: path) }
    lake_unlink(path)
  }

  deinit { lake_close(descriptor) }

  func write(_ group: EncodedGroup) throws -> Entry {
    var entry = Entry(group: group, offsets: [], byteCounts: [])
    let total = group.chunks.reduce(0) { $0 + $1.bytes.count }
    var at = end.withLock { end in
      defer { end += total }
      return end
    }
    for index in group.chunks.indices {
      try group.chunks[index].bytes.withUnsafeBytes {
        try writeAll(descriptor, $0, at: at, path: "groups")
      }
      entry.offsets.append(at)
      entry.byteCounts.append(group.chunks[index].bytes.count)
      at += group.chunks[index].bytes.count
      entry.group.chunks[index].bytes = []
    }
    return entry
  }

  func read(_ entry: Entry) throws -> EncodedGroup {
    var group = entry.group
    for index in group.chunks.indices {
      let byteCount = entry.byteCounts[index]
      group.chunks[index].bytes = try [UInt8](unsafeUninitializedCapacity: byteCount) {
        buffer, count in
        if let base = buffer.baseAddress {
          try readAll(descriptor, base, byteCount, at: entry.offsets[index], path: "groups")
        }
        count = byteCount
      }
    }
    return group
  }
}
