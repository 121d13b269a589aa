/// One entry of a folder.
public struct StorageEntry: Hashable, Sendable {
  /// The name within its folder.
  public var name: String
  /// Whether it is a folder.
  public var isDirectory: Bool

  /// An entry of a folder.
  public init(name: String, isDirectory: Bool = false) {
    self.name = name
    self.isDirectory = isDirectory
  }
}

/// Metadata of a file.
public struct StorageAttributes: Hashable, Sendable {
  /// Size in bytes.
  public var byteCount: Int
  /// Milliseconds since 1970 UTC.
  public var modificationTime: Int64

  /// Size in bytes and modification time in milliseconds since 1970 UTC.
  public init(byteCount: Int, modificationTime: Int64) {
    self.byteCount = byteCount
    self.modificationTime = modificationTime
  }
}

/// The storage of a table's files. Paths are relative to its root, separated by `/`, not escaped; `""` is the
/// root.
///
/// Every modifying operation is durable when it returns, unless it says otherwise.
public protocol TableStorage: Sendable {
  /// The root, as shown to the user.
  var name: String { get }

  /// The entries of a folder, sorted by the bytes of their names.
  ///
  /// - Throws: `notFound` if there is no such folder.
  func list(_ directory: String) throws(StorageError) -> [StorageEntry]

  /// Calls `body` with the name and kind of each entry of a folder, in unspecified order. For large folders of
  /// which few entries are needed.
  ///
  /// - Throws: `notFound` if there is no such folder.
  func visit(
    _ directory: String, _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError)

  func read(_ path: String) throws(StorageError) -> [UInt8]

  /// Reads `range`, which must lie within the file.
  func read(_ path: String, range: Range<Int>) throws(StorageError) -> [UInt8]

  /// nil if there is no such file.
  func attributes(_ path: String) throws(StorageError) -> StorageAttributes?

  /// Creates a file atomically if it does not exist.
  ///
  /// - Returns: False if it exists; it is not changed.
  /// - Throws: An error with code `io` does not exclude that the file was created.
  func putIfAbsent(_ path: String, _ bytes: [UInt8]) throws(StorageError) -> Bool

  /// Creates or replaces a file atomically: readers see the old or the new content.
  func writeDurably(_ path: String, _ bytes: [UInt8]) throws(StorageError)

  /// Renames a file, replacing an existing one. Durable only after `syncDirectory` on both folders.
  func rename(_ source: String, to target: String) throws(StorageError)

  /// Deletes a file. Durable only after `syncDirectory`.
  ///
  /// - Returns: False if it did not exist.
  @discardableResult
  func delete(_ path: String) throws(StorageError) -> Bool

  /// Creates a folder and its missing parents.
  func createDirectory(_ path: String) throws(StorageError)

  /// Makes the entries of a folder durable.
  func syncDirectory(_ path: String) throws(StorageError)

  /// Reads a note of a folder's state from that folder, and the folder's current stamp.
  ///
  /// - Returns: nil if there is no regular file of that name and size, or if the storage has no notes.
  func readNote(
    _ path: String, byteCount: Int
  ) throws(StorageError) -> (bytes: [UInt8], folder: FolderStamp)?

  /// Creates a note or overwrites it in place. Not durable, and a reader may see a torn write: the content must
  /// allow to detect that.
  ///
  /// - Parameters:
  ///   - kind: Common prefix of the notes of this kind. A file without it is not overwritten.
  ///   - content: Returns the bytes, always equally many, for the folder's current stamp.
  /// - Throws: `badPath` if another file has that name.
  func writeNote(
    _ path: String, kind: [UInt8], _ content: (FolderStamp) -> [UInt8]
  ) throws(StorageError)

  /// The path in the local file system, for readers that map files; nil if there is none.
  func localPath(_ path: String) -> String?
}

extension TableStorage {
  /// Default: no local path.
  public func localPath(_ path: String) -> String? { nil }

  /// Default: no notes.
  public func readNote(
    _ path: String, byteCount: Int
  ) throws(StorageError) -> (bytes: [UInt8], folder: FolderStamp)? { nil }

  /// Default: does nothing.
  public func writeNote(
    _ path: String, kind: [UInt8], _ content: (FolderStamp) -> [UInt8]
  ) throws(StorageError) {}

  /// Whether a file exists.
  public func exists(_ path: String) throws(StorageError) -> Bool {
    try attributes(path) != nil
  }

  /// Size of a file in bytes; nil if it does not exist.
  public func size(_ path: String) throws(StorageError) -> Int? {
    try attributes(path)?.byteCount
  }

  /// The paths of all files below a folder, one folder after another, sorted by name within each folder.
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

  /// Makes a file's entry durable, and the entries of its parent folders, bottom up.
  public func syncParents(of path: String) throws(StorageError) {
    var rest = path[...]
    while let slash = rest.lastIndex(of: "/") {
      rest = rest[..<slash]
      try syncDirectory(String(rest))
    }
    try syncDirectory("")
  }
}

/// Path helpers for storages.
package enum StoragePath {
  /// The parent folder of a path; `""` for the root.
  package static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[..<slash])
  }

  /// The last component of a path.
  package static func name(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }

  /// Throws for a path that leaves the root or is not a valid file name.
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
  /// Default: calls `body` for each entry of `list`.
  public func visit(
    _ directory: String, _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError) {
    for entry in try list(directory) {
      var name = entry.name
      name.withUTF8 { body(UnsafeRawBufferPointer($0), entry.isDirectory) }
    }
  }
}
