import Storage
import Synchronization

/// A storage in memory with injected faults, crashes and loss of unsynced data: with it tests simulate a crash
/// at every operation.
public final class MemoryStorage: TableStorage {
  /// The fault at an operation.
  public enum Fault: Sendable {
    /// Throws without an effect; the next operation works again.
    case failBefore
    /// Takes effect but throws; the next operation works again.
    case failAfter
    /// Throws without an effect, and so does every later operation, until `restart`.
    case stopBefore
    /// Takes effect; every later operation throws.
    case stopAfter
  }

  private struct File {
    var bytes: [UInt8]
    var modificationTime: Int64
  }

  private struct State {
    var files: [String: File] = [:]
    /// What remains after a power failure: entries of synced folders.
    var durable: [String: File] = [:]
    var directories: Set<String> = [""]
    var operationCount = 0
    var bytesRead = 0
    var faults: [Int: Fault] = [:]
    var isStopped = false
    var clock: Int64
  }

  private let state: Mutex<State>
  public let name: String

  /// - Parameter clock: Milliseconds since 1970; advances by one with each change of a file.
  public init(name: String = "memory", clock: Int64 = 1_700_000_000_000) {
    self.name = name
    state = Mutex(State(clock: clock))
  }

  // MARK: - Control

  /// Number of operations so far, including those that threw.
  public var operationCount: Int { state.withLock { $0.operationCount } }

  public var bytesRead: Int { state.withLock { $0.bytesRead } }

  /// Injects a fault at the operation `offset` operations from now; 0 is the next one.
  public func inject(_ fault: Fault, after offset: Int) {
    state.withLock { $0.faults[$0.operationCount + offset] = fault }
  }

  /// Clears all faults, as if a new process started.
  ///
  /// - Parameter losingUnsynced: Whether unsynced changes are lost, as after a power failure.
  public func restart(losingUnsynced: Bool = false) {
    state.withLock {
      $0.faults = [:]
      $0.isStopped = false
      if losingUnsynced { $0.files = $0.durable }
    }
  }

  /// All files, with their bytes.
  public var contents: [String: [UInt8]] {
    state.withLock { $0.files.mapValues(\.bytes) }
  }

  /// Adds a file durably, without counting or faults, to set up a test.
  public func set(_ path: String, _ bytes: [UInt8], modificationTime: Int64? = nil) {
    state.withLock { state in
      state.clock += 1
      let file = File(bytes: bytes, modificationTime: modificationTime ?? state.clock)
      state.files[path] = file
      state.durable[path] = file
      Self.addParents(of: path, &state)
    }
  }

  /// Removes a file durably, without counting or faults, to set up a test.
  public func remove(_ path: String) {
    state.withLock {
      $0.files[path] = nil
      $0.durable[path] = nil
    }
  }

  // MARK: - TableStorage

  public func list(_ directory: String) throws(StorageError) -> [StorageEntry] {
    try perform(directory) { state throws(StorageError) in
      guard state.directories.contains(directory) else {
        throw StorageError(code: .notFound, message: "no such folder", path: directory)
      }
      let prefix = directory.isEmpty ? "" : directory + "/"
      var entries: Set<StorageEntry> = []
      for path in state.files.keys where path.hasPrefix(prefix) {
        let rest = path.dropFirst(prefix.count)
        if let slash = rest.firstIndex(of: "/") {
          entries.insert(StorageEntry(name: String(rest[..<slash]), isDirectory: true))
        } else {
          entries.insert(StorageEntry(name: String(rest)))
        }
      }
      for path in state.directories where path != directory && path.hasPrefix(prefix) {
        let rest = path.dropFirst(prefix.count)
        if !rest.contains("/") {
          entries.insert(StorageEntry(name: String(rest), isDirectory: true))
        }
      }
      return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
  }

  public func read(_ path: String) throws(StorageError) -> [UInt8] {
    try perform(path) { state throws(StorageError) in
      guard let file = state.files[path] else { throw Self.absent(path) }
      state.bytesRead += file.bytes.count
      return file.bytes
    }
  }

  public func read(_ path: String, range: Range<Int>) throws(StorageError) -> [UInt8] {
    try perform(path) { state throws(StorageError) in
      guard let file = state.files[path] else { throw Self.absent(path) }
      guard range.lowerBound >= 0, range.upperBound <= file.bytes.count else {
        throw StorageError(
          code: .io,
          message: "bytes \(range.lowerBound)..<\(range.upperBound) of \(file.bytes.count)",
          path: path)
      }
      state.bytesRead += range.count
      return Array(file.bytes[range])
    }
  }

  public func attributes(_ path: String) throws(StorageError) -> StorageAttributes? {
    try perform(path) { state in
      state.files[path].map {
        StorageAttributes(byteCount: $0.bytes.count, modificationTime: $0.modificationTime)
      }
    }
  }

  public func putIfAbsent(_ path: String, _ bytes: [UInt8]) throws(StorageError) -> Bool {
    try StoragePath.check(path)
    return try perform(path) { state throws(StorageError) in
      if state.files[path] != nil { return false }
      try Self.write(path, bytes, &state)
      return true
    }
  }

  public func writeDurably(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try StoragePath.check(path)
    try perform(path) { state throws(StorageError) in try Self.write(path, bytes, &state) }
  }

  public func rename(_ source: String, to target: String) throws(StorageError) {
    try StoragePath.check(target)
    try perform(source) { state throws(StorageError) in
      guard let file = state.files[source] else { throw Self.absent(source) }
      guard state.directories.contains(StoragePath.parent(target)) else {
        throw Self.absent(target)
      }
      state.files[source] = nil
      state.files[target] = file
    }
  }

  @discardableResult
  public func delete(_ path: String) throws(StorageError) -> Bool {
    try perform(path) { state in state.files.removeValue(forKey: path) != nil }
  }

  public func createDirectory(_ path: String) throws(StorageError) {
    try StoragePath.check(path)
    try perform(path) { state in
      state.directories.insert(path)
      Self.addParents(of: path, &state)
    }
  }

  public func syncDirectory(_ path: String) throws(StorageError) {
    try perform(path) { state in Self.sync(path, &state) }
  }

  // MARK: - Helpers

  private func perform<Result: Sendable>(
    _ path: String, _ body: (inout sending State) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    try state.withLock { state throws(StorageError) -> Result in
      let stopped = StorageError(code: .stopped, message: "told to stop", path: path)
      let failed = StorageError(code: .io, message: "told to fail", path: path)
      let fault = state.faults.removeValue(forKey: state.operationCount)
      state.operationCount += 1
      if state.isStopped { throw stopped }
      switch fault {
      case nil: return try body(&state)
      case .failBefore: throw failed
      case .failAfter:
        _ = try body(&state)
        throw failed
      case .stopBefore:
        state.isStopped = true
        throw stopped
      case .stopAfter:
        state.isStopped = true
        return try body(&state)
      }
    }
  }

  private static func write(
    _ path: String, _ bytes: [UInt8], _ state: inout State
  ) throws(StorageError) {
    guard state.directories.contains(StoragePath.parent(path)) else { throw absent(path) }
    state.clock += 1
    state.files[path] = File(bytes: bytes, modificationTime: state.clock)
    sync(StoragePath.parent(path), &state)
  }

  private static func sync(_ directory: String, _ state: inout State) {
    for path in state.durable.keys where StoragePath.parent(path) == directory {
      if state.files[path] == nil { state.durable[path] = nil }
    }
    for (path, file) in state.files where StoragePath.parent(path) == directory {
      state.durable[path] = file
    }
  }

  private static func addParents(of path: String, _ state: inout State) {
    var rest = path
    while rest.contains("/") {
      rest = StoragePath.parent(rest)
      state.directories.insert(rest)
    }
  }

  private static func absent(_ path: String) -> StorageError {
    StorageError(code: .notFound, message: "no such file or folder", path: path)
  }
}
