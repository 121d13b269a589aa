import CSystem
import Glibc
import Platform
import Storage

/// Finds the Parquet files below a folder.
enum FolderListing {
  /// Suffixes of Parquet files.
  private static let suffixes = [".parquet", ".parq", ".pq"]
  private static let magic: UInt32 = 0x3152_4150  // PAR1

  /// The files in the order of their paths, each once however many names it has.
  static func files(in root: String) throws -> [String] {
    do {
      return try FolderWalk.files(below: root, where: isParquet)
    } catch let error as StorageError {
      throw QueryError(.badTable, error.message, at: error.path, remedy: error.remedy)
    }
  }

  /// Whether a file is Parquet by its name. Files without a suffix, as Hive and Impala write them, or with a
  /// numeric one, are recognized by their first bytes.
  private static func isParquet(_ path: String, _ name: String) throws -> Bool {
    let lower = name.lowercased()
    if suffixes.contains(where: { lower.hasSuffix($0) }) { return true }
    let suffix = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last
    guard suffix.map({ $0.allSatisfy(\.isNumber) }) ?? true else { return false }
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 {
      throw QueryError(
        .badTable, "cannot read: " + String(cString: strerror(lake_errno())).lowercased(), at: path,
        remedy: "check the owner and mode of the file")
    }
    defer { lake_close(descriptor) }
    if !Waiting.isRegularFile(descriptor) { return false }
    var word: UInt32 = 0
    let count = withUnsafeMutableBytes(of: &word) { bytes in
      bytes.baseAddress.map { Waiting.read(descriptor, $0, 4, isFile: true) } ?? 0
    }
    return count == 4 && UInt32(littleEndian: word) == magic
  }
}
