import Glibc
import Storage
import Synchronization
import TestSupport
import Testing

@testable import DeltaLog

/// A table in a folder whose log is long enough for a hint: commit 0 creates it, and each later one adds a
/// file.
struct LongLog {
  let folder = TemporaryFolder("lake-long-log")
  let storage: CountedStorage
  var log: String { folder.path + "/_delta_log" }
  var hint: String { folder.path + "/" + ListingHint.path }

  /// - Parameter checkpoint: Version of its checkpoint; nil for none.
  init(_ newest: Int = 300, checkpoint: Int? = 290) throws {
    storage = CountedStorage(base: DirectoryStorage(root: folder.path))
    try storage.createDirectory(LogFile.directory)
    for version in 0...newest { try put(version) }
    if let checkpoint {
      try CheckpointWriter.write(Snapshot.load(storage, version: checkpoint), storage)
    }
  }

  /// A commit by a writer that ignores hints.
  func put(_ version: Int) throws {
    let actions = version == 0 ? TableBuilder.birth : [.add(makeFile("f\(version)"))]
    try write(LogFile.commitPath(version), CommitWriter.bytes(of: actions))
  }

  /// Creates or replaces a file, without a sync.
  func write(_ path: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen(folder.path + "/" + path, "w"))
    #expect(bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) } == bytes.count)
    fclose(file)
  }

  /// A commit by our writer.
  @discardableResult
  func commit(writesCheckpoints: Bool = true) throws -> Int {
    let snapshot = try Snapshot.load(storage)
    var transaction = Transaction(snapshot: snapshot, storage: storage)
    transaction.writesCheckpoints = writesCheckpoints
    transaction.append([makeFile("f\(snapshot.version + 1)")])
    guard case .committed(let version) = try transaction.commit() else {
      Issue.record("nothing was committed")
      return -1
    }
    return version
  }

  /// The content of the hint.
  func noted() throws -> ListingHint? {
    try storage.base.readNote(ListingHint.path, byteCount: ListingHint.byteCount)
      .flatMap { ListingHint($0.bytes) }
  }

  /// The folder as it is now.
  func stamp() throws -> FolderStamp {
    try #require(try storage.base.readNote(ListingHint.path, byteCount: ListingHint.byteCount))
      .folder
  }

  /// Overwrites the hint, which does not change the folder.
  func forge(_ bytes: [UInt8]) throws {
    let file = open(hint, O_WRONLY)
    #expect(file >= 0)
    #expect(pwrite(file, bytes, bytes.count, 0) == bytes.count)
    close(file)
  }

  /// A hint that is valid for the folder's current stamp.
  func forge(version: Int, first: Int = 0, checkpoint: Int?, parts: Int? = nil) throws {
    let known = KnownLog(
      firstCommit: first,
      checkpoint: checkpoint.map { CheckpointFiles(version: $0, partCount: parts) })
    try forge(ListingHint(folder: stamp(), version: version, known: known).bytes)
  }

  /// Checks that every way to find the newest version agrees with the log's listing, and returns that version.
  ///
  /// - Parameter lists: Whether the log must be listed.
  @discardableResult
  func expectNewest(lists: Bool, _ comment: Comment? = nil) throws -> Int {
    let truth = try Snapshot.load(storage, listsLog: true)
    let older = try Snapshot.load(
      storage, version: Swift.max(truth.version - 5, truth.checkpointVersion ?? 0))
    let ways: [() throws -> Snapshot?] = [
      { try Snapshot.load(storage) }, { try Snapshot.loadIfPresent(storage) },
      { try older.refreshed(storage) }, { try truth.refreshed(storage) },
    ]
    for (index, way) in ways.enumerated() {
      let count = storage.listingCount
      let snapshot = try #require(try way())
      #expect(snapshot.version == truth.version, comment)
      #expect(try names(snapshot).sorted() == names(truth).sorted(), comment)
      #expect((storage.listingCount > count) == lists, "way \(index): \(comment ?? "")")
      if index != 2 {
        #expect(snapshot.checkpointVersion == truth.checkpointVersion, comment)
        #expect(snapshot.tailActionCount == truth.tailActionCount, comment)
        #expect(snapshot.needsCheckpoint == truth.needsCheckpoint, comment)
      }
    }
    #expect(try Snapshot.latestVersion(storage) == truth.version, comment)
    return truth.version
  }
}

/// A folder's storage that counts listings of the log, and can refuse notes.
final class CountedStorage: TableStorage {
  let base: DirectoryStorage
  private let count = Atomic<Int>(0)
  private let refuses = Atomic<Bool>(false)
  private static let refusal = StorageError(
    code: .permission, message: "told to refuse", path: ListingHint.path)

  init(base: DirectoryStorage) { self.base = base }

  var listingCount: Int { count.load(ordering: .relaxed) }
  var refusesNotes: Bool {
    get { refuses.load(ordering: .relaxed) }
    set { refuses.store(newValue, ordering: .relaxed) }
  }

  var name: String { base.name }
  func localPath(_ path: String) -> String? { base.localPath(path) }
  func list(_ directory: String) throws(StorageError) -> [StorageEntry] {
    count.wrappingAdd(1, ordering: .relaxed)
    return try base.list(directory)
  }
  func visit(
    _ directory: String, _ body: (_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Void
  ) throws(StorageError) {
    count.wrappingAdd(1, ordering: .relaxed)
    try base.visit(directory, body)
  }
  func read(_ path: String) throws(StorageError) -> [UInt8] { try base.read(path) }
  func read(_ path: String, range: Range<Int>) throws(StorageError) -> [UInt8] {
    try base.read(path, range: range)
  }
  func attributes(_ path: String) throws(StorageError) -> StorageAttributes? {
    try base.attributes(path)
  }
  func putIfAbsent(_ path: String, _ bytes: [UInt8]) throws(StorageError) -> Bool {
    try base.putIfAbsent(path, bytes)
  }
  func writeDurably(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try base.writeDurably(path, bytes)
  }
  func rename(_ source: String, to target: String) throws(StorageError) {
    try base.rename(source, to: target)
  }
  func delete(_ path: String) throws(StorageError) -> Bool { try base.delete(path) }
  func createDirectory(_ path: String) throws(StorageError) { try base.createDirectory(path) }
  func syncDirectory(_ path: String) throws(StorageError) { try base.syncDirectory(path) }
  func readNote(
    _ path: String, byteCount: Int
  ) throws(StorageError) -> (bytes: [UInt8], folder: FolderStamp)? {
    if refusesNotes { throw Self.refusal }
    return try base.readNote(path, byteCount: byteCount)
  }
  func writeNote(
    _ path: String, kind: [UInt8], _ content: (FolderStamp) -> [UInt8]
  ) throws(StorageError) {
    if refusesNotes { throw Self.refusal }
    try base.writeNote(path, kind: kind, content)
  }
}
