import CSystem
import Glibc
import Platform
import Synchronization

/// A table storage in a folder of the local file system.
public struct DirectoryStorage: TableStorage {
  /// Largest file that is read at once: logs and checkpoints, not data files.
  public static let readByteCountMax = 4 << 30

  /// The folder's path as given.
  public let root: String

  /// The storage in a folder, which need not exist yet.
  public init(root: String) {
    var root = root
    while root.utf8.count > 1, root.utf8.last == 0x2F { root.removeLast() }
    self.root = root.isEmpty ? "." : root
  }

  /// The folder's path as given.
  public var name: String { root }

  /// The absolute path of a file in the folder.
  public func localPath(_ path: String) -> String? { absolute(path) }

  func absolute(_ path: String) -> String {
    path.isEmpty ? root : root == "/" ? "/" + path : root + "/" + path
  }

  // MARK: - Reading

  /// The entries of a folder, sorted by the bytes of their names.
  public func list(_ directory: String) throws(StorageError) -> [StorageEntry] {
    var entries: [StorageEntry] = []
    try visit(directory) { name, isDirectory in
      entries.append(
        StorageEntry(name: String(decoding: name, as: UTF8.self), isDirectory: isDirectory))
    }
    // Log folders have many entries: contiguous UTF-8 strings are compared by their bytes.
    entries.sort { Self.precedes($0.name, $1.name) }
    return entries
  }

  /// Calls `body` for each entry of a folder in unspecified order, without building a list: for very large
  /// folders.
  public func visit(
    _ directory: String, _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError) {
    try visit(directory, followsLinks: true, body)
  }

  /// The same.
  ///
  /// - Parameter followsLinks: Whether a link to a folder is one; if not, a link that leads nowhere is no error.
  func visit(
    _ directory: String, followsLinks: Bool,
    _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError) {
    let path = absolute(directory)
    guard let stream = lake_opendir(path) else {
      throw .system(errno, "list the folder", path)
    }
    defer { closedir(stream) }
    while let entry = lake_readdir(stream) {
      try Self.visit(entry, path, followsLinks, body)
    }
    if errno != 0 { throw .system(errno, "list the folder", path) }
  }

  private static func visit(
    _ entry: UnsafeMutablePointer<dirent>, _ path: String, _ followsLinks: Bool,
    _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError) {
    // The name follows the entry's fixed fields, and is only as long as needed.
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return }
    let start = UnsafeRawPointer(entry) + offset
    let name = UnsafeRawBufferPointer(
      start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
    if name.first == 0x2E, name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return }
    let kind = Int(entry.pointee.d_type)
    var isDirectory = kind == Int(DT_DIR)
    if followsLinks, kind == Int(DT_UNKNOWN) || kind == Int(DT_LNK) {
      let file = path + "/" + String(decoding: name, as: UTF8.self)
      var status = stat()
      if lake_stat(file, &status) == 0 {
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
      } else if lake_errno() != ENOENT && lake_errno() != ENOTDIR {
        // Deleted meanwhile, or a dangling link: not a folder. Any other error is reported.
        throw .system(lake_errno(), "look at the file", file)
      }
    }
    body(name, isDirectory)
  }

  /// Whether a name precedes another by UTF-8 bytes.
  private static func precedes(_ left: String, _ right: String) -> Bool {
    let order = left.utf8.withContiguousStorageIfAvailable { left in
      right.utf8.withContiguousStorageIfAvailable { right -> Int in
        guard let first = left.baseAddress, let second = right.baseAddress else {
          return left.count - right.count
        }
        let order = memcmp(first, second, min(left.count, right.count))
        return order == 0 ? left.count - right.count : Int(order)
      }
    }
    if let order = order ?? nil { return order < 0 }
    return left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// Reads a whole file.
  public func read(_ path: String) throws(StorageError) -> [UInt8] {
    let file = try OpenFile(absolute(path))
    let count = try file.byteCount()
    guard count <= Self.readByteCountMax else {
      throw StorageError(
        code: .tooLarge, message: "the file has \(count) bytes, too many to be read whole",
        path: file.path)
    }
    return try file.read(0..<count)
  }

  /// Reads a byte range; an error if the file is shorter.
  public func read(_ path: String, range: Range<Int>) throws(StorageError) -> [UInt8] {
    let file = try OpenFile(absolute(path))
    let count = try file.byteCount()
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw StorageError(
        code: .io, message: "bytes \(range.lowerBound)..<\(range.upperBound) of a file of \(count)",
        path: file.path)
    }
    return try file.read(range)
  }

  /// Size and modification time of a file; nil if it does not exist.
  public func attributes(_ path: String) throws(StorageError) -> StorageAttributes? {
    let path = absolute(path)
    var status = stat()
    if lake_stat(path, &status) != 0 {
      let number = errno
      if number == ENOENT || number == ENOTDIR { return nil }
      throw .system(number, "look at the file", path)
    }
    if status.st_mode & S_IFMT == S_IFDIR { return nil }
    return StorageAttributes(
      byteCount: Int(status.st_size),
      modificationTime: Int64(status.st_mtim.tv_sec) * 1000
        + Int64(status.st_mtim.tv_nsec) / 1_000_000)
  }

  // MARK: - Writing

  /// Creates a file atomically.
  ///
  /// - Returns: False, without any change, if a file of that name exists.
  public func putIfAbsent(_ path: String, _ bytes: [UInt8]) throws(StorageError) -> Bool {
    try StoragePath.check(path)
    let target = absolute(path)
    let temporary = try writeTemporary(beside: path, bytes)
    defer { lake_unlink(temporary) }
    switch try Publication.publish(temporary, as: target) {
    case .exists: return false
    case .created: break
    }
    try syncDirectory(StoragePath.parent(path))
    return true
  }

  /// Creates or replaces a file atomically and durably.
  public func writeDurably(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try StoragePath.check(path)
    let target = absolute(path)
    let temporary = try writeTemporary(beside: path, bytes)
    if lake_rename(temporary, target) != 0 {
      let number = errno
      lake_unlink(temporary)
      throw .system(number, "write the file", target)
    }
    try syncDirectory(StoragePath.parent(path))
  }

  /// Renames a file, replacing an existing one.
  public func rename(_ source: String, to target: String) throws(StorageError) {
    try StoragePath.check(source)
    try StoragePath.check(target)
    if lake_rename(absolute(source), absolute(target)) != 0 {
      throw .system(errno, "rename the file to '\(absolute(target))'", absolute(source))
    }
  }

  /// Deletes a file.
  ///
  /// - Returns: Whether it existed.
  @discardableResult
  public func delete(_ path: String) throws(StorageError) -> Bool {
    try StoragePath.check(path)
    if lake_unlink(absolute(path)) == 0 { return true }
    let number = errno
    if number == ENOENT { return false }
    throw .system(number, "delete the file", absolute(path))
  }

  /// Creates a folder and its parents.
  public func createDirectory(_ path: String) throws(StorageError) {
    try createDirectories([path])
  }

  /// Creates missing folders and their parents; a folder that gets several new entries is synced once.
  public func createDirectories(_ paths: [String]) throws(StorageError) {
    var parents: Set<String> = []
    for path in paths {
      try StoragePath.check(path)
      try Self.makeDirectory(absolute(path), &parents)
    }
    // Reverse order: a folder is synced before its parent.
    for folder in parents.sorted(by: >) { try Self.sync(directory: folder) }
  }

  /// Makes the entries of a folder durable (fsync).
  public func syncDirectory(_ path: String) throws(StorageError) {
    try Self.sync(directory: absolute(path))
  }

  // MARK: - Helpers

  /// mkdir -p. Adds every folder that got a new entry to `parents`, which must be synced.
  private static func makeDirectory(
    _ path: String, _ parents: inout Set<String>
  ) throws(StorageError) {
    let parent = parentFolder(path)
    if lake_mkdir(path, 0o777) == 0 {
      parents.insert(parent)
      return
    }
    let number = errno
    if number == ENOENT {
      try makeDirectory(parent, &parents)
      if lake_mkdir(path, 0o777) == 0 || errno == EEXIST {
        parents.insert(parent)
        return
      }
      throw .system(errno, "create the folder", path)
    }
    var status = stat()
    if number == EEXIST, lake_stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      return
    }
    if number == EEXIST {
      throw StorageError(
        code: .badPath, message: "cannot create the folder: there is a file of that name",
        path: path)
    }
    throw .system(number, "create the folder", path)
  }

  private static func parentFolder(_ path: String) -> String {
    let parent = StoragePath.parent(path)
    return parent.isEmpty ? (path.utf8.first == 0x2F ? "/" : ".") : parent
  }

  static func sync(directory: String) throws(StorageError) {
    let descriptor = lake_open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw .system(errno, "open the folder", directory) }
    defer { lake_close(descriptor) }
    if lake_fsync(descriptor) != 0 {
      let number = errno
      // File systems without folder sync report one of these.
      if number == EINVAL || number == ENOTSUP { return }
      throw .system(number, "sync the folder", directory)
    }
  }

  private static let temporaryCount = Atomic<Int>(0)

  /// Writes and syncs a hidden temporary file in the folder of `path`; returns its absolute path.
  func writeTemporary(beside path: String, _ bytes: [UInt8]) throws(StorageError) -> String {
    let serial = Self.temporaryCount.wrappingAdd(1, ordering: .relaxed).oldValue
    let unique = "\(getpid()).\(serial).\(UInt32.random(in: 0 ... .max))"
    let folder = StoragePath.parent(path)
    let temporary = absolute(
      (folder.isEmpty ? "" : folder + "/") + ".\(StoragePath.name(path)).\(unique).tmp")
    let descriptor = lake_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(errno, "create the file", temporary) }
    do throws(StorageError) {
      try Self.write(bytes, to: descriptor, temporary)
      if lake_fsync(descriptor) != 0 {
        throw StorageError.system(errno, "sync the file", temporary)
      }
    } catch {
      lake_close(descriptor)
      lake_unlink(temporary)
      throw error
    }
    if lake_close(descriptor) != 0 {
      let number = errno
      lake_unlink(temporary)
      throw .system(number, "close the file", temporary)
    }
    return temporary
  }

  private static func write(
    _ bytes: [UInt8], to descriptor: Int32, _ path: String
  ) throws(StorageError) {
    guard bytes.withUnsafeBytes({ Transfer.write(descriptor, $0) }) else {
      throw .system(lake_errno(), "write the file", path)
    }
  }
}

/// A file descriptor open for reading.
private struct OpenFile: ~Copyable {
  let path: String
  let descriptor: Int32

  init(_ path: String) throws(StorageError) {
    self.path = path
    descriptor = Waiting.openForReading(path)
    guard descriptor >= 0 else { throw .system(errno, "open the file", path) }
  }

  deinit { lake_close(descriptor) }

  func byteCount() throws(StorageError) -> Int {
    var status = stat()
    guard lake_fstat(descriptor, &status) == 0 else {
      throw .system(errno, "look at the file", path)
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      throw StorageError(code: .badPath, message: "a folder where a file should be", path: path)
    }
    if status.st_mode & S_IFMT != S_IFREG {
      throw StorageError(
        code: .badPath, message: "a pipe or a device where a file should be", path: path)
    }
    return Int(status.st_size)
  }

  func read(_ range: Range<Int>) throws(StorageError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(
        start: buffer.baseAddress, count: buffer.baseAddress == nil ? 0 : range.count)
      let got = Transfer.read(descriptor, into: target, at: range.lowerBound)
      if got < 0 { failure = lake_errno() }
      count = Swift.max(0, got)
    }
    if failure != 0 { throw .system(failure, "read the file", path) }
    guard bytes.count == range.count else {
      throw StorageError(
        code: .io, message: "the file became shorter while it was read", path: path)
    }
    return bytes
  }
}
