/// One entry of a folder.
public struct StorageEntry: Hashable, Sendable {
  /// Its name within its folder.
  public var name: String
  /// Whether it is a folder.
  public var isDirectory: Bool

  /// An entry of a folder's list.
  public init(name: String, isDirectory: Bool = false) {
    self.name = name
    self.isDirectory = isDirectory
  }
}

/// What is known of a file without reading it.
public struct StorageAttributes: Hashable, Sendable {
  /// The size of the file.
  public var byteCount: Int
  /// Milliseconds since 1970 UTC.
  public var modificationTime: Int64

  /// What is known of a file without reading it; the time is in milliseconds since 1970 UTC.
  public init(byteCount: Int, modificationTime: Int64) {
    self.byteCount = byteCount
    self.modificationTime = modificationTime
  }
}

/// Where a table's files lie. Paths are relative to its root, separated by `/`, not escaped;
/// `""` is the root itself.
///
/// Every operation that changes something is on disk when it returns, unless it says otherwise.
public protocol TableStorage: Sendable {
  /// The root as a person would write it.
  var name: String { get }

  /// The entries of a folder, in the order of their names' bytes.
  ///
  /// - Throws: `notFound` if there is no such folder.
  func list(_ directory: String) throws(StorageError) -> [StorageEntry]

  /// Calls `body` with the name and kind of each entry of a folder, in any order. For folders of many
  /// entries, of which few are wanted.
  ///
  /// - Throws: `notFound` if there is no such folder.
  func visit(
    _ directory: String, _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError)

  func read(_ path: String) throws(StorageError) -> [UInt8]

  /// The bytes of `range`, which must lie inside the file.
  func read(_ path: String, range: Range<Int>) throws(StorageError) -> [UInt8]

  /// nil if there is no such file.
  func attributes(_ path: String) throws(StorageError) -> StorageAttributes?

  /// Creates a file with these bytes, whole, if there is none of that name.
  ///
  /// - Returns: False if there is one already; it is left as it is.
  /// - Throws: With code `io`, the file may have been created all the same.
  func putIfAbsent(_ path: String, _ bytes: [UInt8]) throws(StorageError) -> Bool

  /// Creates or replaces a file, whole: readers see the old bytes or the new ones.
  func writeDurably(_ path: String, _ bytes: [UInt8]) throws(StorageError)

  /// Moves a file, replacing what is there. Durable only after `syncDirectory` on both folders.
  func rename(_ source: String, to target: String) throws(StorageError)

  /// Deletes a file. Durable only after `syncDirectory`.
  ///
  /// - Returns: False if there was none.
  @discardableResult
  func delete(_ path: String) throws(StorageError) -> Bool

  /// Creates a folder and those above it, where they are missing.
  func createDirectory(_ path: String) throws(StorageError)

  /// Makes the entries of a folder durable.
  func syncDirectory(_ path: String) throws(StorageError)

  /// A note of a folder's state that lies in that folder, and the folder's stamp as it is now.
  ///
  /// - Returns: nil if there is no regular file of that name and size, or the storage keeps no notes.
  func readNote(
    _ path: String, byteCount: Int
  ) throws(StorageError) -> (bytes: [UInt8], folder: FolderStamp)?

  /// Overwrites a note in place, or makes it. Not durable, and a reader may see half of it: its bytes must tell.
  ///
  /// - Parameters:
  ///   - kind: What a note of this kind begins with. A file that is none is left as it is.
  ///   - content: The bytes, as many each time, for the stamp that the folder has now.
  /// - Throws: `badPath` if something else lies there.
  func writeNote(
    _ path: String, kind: [UInt8], _ content: (FolderStamp) -> [UInt8]
  ) throws(StorageError)

  /// The path in the file system, for readers that map files; nil where there is none.
  func localPath(_ path: String) -> String?
}

extension TableStorage {
  /// The path on this machine; nil where the storage has none.
  public func localPath(_ path: String) -> String? { nil }

  /// A storage whose folders have no stamp keeps no notes.
  public func readNote(
    _ path: String, byteCount: Int
  ) throws(StorageError) -> (bytes: [UInt8], folder: FolderStamp)? { nil }

  /// As above.
  public func writeNote(
    _ path: String, kind: [UInt8], _ content: (FolderStamp) -> [UInt8]
  ) throws(StorageError) {}

  /// Whether a file is there.
  public func exists(_ path: String) throws(StorageError) -> Bool {
    try attributes(path) != nil
  }

  /// The bytes of a file; nil where it is not there.
  public func size(_ path: String) throws(StorageError) -> Int? {
    try attributes(path)?.byteCount
  }

  /// The paths of all files below a folder, folder by folder in the order of their names.
  public func listFiles(under directory: String) throws(StorageError) -> [String] {
    var files: [String] = []
    var pending = [directory]
    while let next = pending.popLast() {
      let prefix = next.isEmpty ? "" : next + "/"
      for entry in try list(next) {
        if entry.isDirectory {
          pending.append(prefix + entry.name)
        } else {
          files.append(prefix + entry.name)
        }
      }
    }
    return files
  }

  /// Makes a file's entry durable, and the entries of the folders above it, bottom up.
  public func syncParents(of path: String) throws(StorageError) {
    var rest = path[...]
    while let slash = rest.lastIndex(of: "/") {
      rest = rest[..<slash]
      try syncDirectory(String(rest))
    }
    try syncDirectory("")
  }
}

/// Paths inside a storage.
package enum StoragePath {
  /// The folder of a path; `""` for the root.
  package static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[..<slash])
  }

  /// The last component of a path.
  package static func name(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }

  /// Refuses a path that would leave the root or cannot be a file name.
  package static func check(_ path: String) throws(StorageError) {
    if path.utf8.first == 0x2F || path.utf8.contains(0) {
      throw StorageError(code: .badPath, message: "a path that leaves the folder", path: path)
    }
    for part in path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
    where part.elementsEqual("..".utf8) {
      throw StorageError(code: .badPath, message: "a path that leaves the folder", path: path)
    }
  }
}

extension TableStorage {
  /// Calls `body` for each entry of a folder, in no order.
  public func visit(
    _ directory: String, _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError) {
    for entry in try list(directory) {
      var name = entry.name
      name.withUTF8 { body(UnsafeRawBufferPointer($0), entry.isDirectory) }
    }
  }
}
