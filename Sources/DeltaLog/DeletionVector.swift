import Bytes
import JSON
import Storage

/// Says which rows of a data file are deleted, or where that is written.
///
/// - Spec: Delta PROTOCOL.md, "Deletion Vectors".
public final class DeletionVector: Hashable, Sendable {
  /// Where the rows are stored.
  enum Storage: String, Hashable, Sendable {
    /// In a file of the table, named by a UUID.
    case relative = "u"
    /// In the log itself.
    case inline = "i"
    /// In a file of any path.
    case absolute = "p"
  }

  /// Bytes of a vector at most: enough for two thousand million rows, scattered.
  static let byteCountMax = 256 << 20
  static let remedy =
    "copy the table's deletion vectors again from where they are whole, or read an earlier version of the table "
    + "(--version)"

  /// As in the log.
  let storageType: String
  /// A UUID with a prefix, the rows themselves, or a path.
  let pathOrInlineDV: String
  /// Where the vector begins in its file; nil if the log does not say.
  let offset: Int64?
  let byteCount: Int64
  /// Number of deleted rows.
  public let cardinality: Int64

  init(
    storageType: String, pathOrInlineDV: String, offset: Int64?, byteCount: Int64,
    cardinality: Int64
  ) {
    self.storageType = storageType
    self.pathOrInlineDV = pathOrInlineDV
    self.offset = offset
    self.byteCount = byteCount
    self.cardinality = cardinality
  }

  /// From the member of an action. Missing members surface when the rows are read.
  convenience init(_ json: JSONValue) {
    self.init(
      storageType: json["storageType"]?.string ?? "",
      pathOrInlineDV: json["pathOrInlineDv"]?.string ?? "", offset: json["offset"]?.int64,
      byteCount: json["sizeInBytes"]?.int64 ?? -1, cardinality: json["cardinality"]?.int64 ?? -1)
  }

  /// What distinguishes it from other vectors of the same data file.
  ///
  /// - Spec: Delta PROTOCOL.md, "Derived Fields" of deletion vectors.
  public var uniqueID: String {
    let name = storageType + pathOrInlineDV
    return offset.map { "\(name)@\($0)" } ?? name
  }

  /// Whether its rows are in the log itself.
  package var isInline: Bool { storageType == Storage.inline.rawValue }

  /// Whether both are the same in the log.
  public static func == (one: DeletionVector, other: DeletionVector) -> Bool {
    one.uniqueID == other.uniqueID && one.byteCount == other.byteCount
      && one.cardinality == other.cardinality
  }

  /// Hashes the unique id.
  public func hash(into hasher: inout Hasher) { hasher.combine(uniqueID) }

  // MARK: - Rows

  /// Reads the deleted rows of a data file.
  ///
  /// - Parameters:
  ///   - folder: The table's; its rule for paths outside applies to vectors too.
  ///   - rowCount: Rows of the data file.
  /// - Throws: `corrupt` if the rows are damaged, not as many as the log says, or not in the file; `refused` for
  ///   a vector outside the table.
  public func rows(in folder: DataFolder, rowCount: Int) throws(DeltaError) -> DeletedRows {
    guard let storage = Storage(rawValue: storageType) else {
      throw DeltaError(
        .unsupported, "a deletion vector of the storage type '\(storageType)'", path: folder.root)
    }
    guard (0...Int64(Self.byteCountMax)).contains(byteCount), cardinality >= 0 else {
      throw corrupt(
        "the log gives it \(byteCount) bytes and \(cardinality) rows", at: folder.root)
    }
    var path = folder.root
    let bytes: ArraySlice<UInt8>
    switch storage {
    case .inline: bytes = try inlineBytes(folder)
    case .relative:
      path = try folder.path(ofVector: try relativePath(folder))
      bytes = try fileBytes(path)
    case .absolute:
      path = try folder.path(ofVector: DataPath.decoded(pathOrInlineDV))
      bytes = try fileBytes(path)
    }
    let rows: DeletedRows
    do throws(DeltaError) {
      rows = try RoaringReader.read(bytes)
    } catch { throw error.at(path) }
    guard Int64(rows.count) == cardinality else {
      throw corrupt("it has \(rows.count) rows, and the log says \(cardinality)", at: path)
    }
    if let last = rows.last, last >= rowCount {
      throw corrupt("it deletes row \(last) of a data file of \(rowCount) rows", at: path)
    }
    return rows
  }

  private func inlineBytes(_ folder: DataFolder) throws(DeltaError) -> ArraySlice<UInt8> {
    guard let bytes = Z85.decode(pathOrInlineDV.utf8) else {
      throw corrupt("in the log it is no Z85 text", at: folder.root)
    }
    // Five digits stand for four bytes, so that up to three bytes may be padding.
    guard Int64(bytes.count) >= byteCount, Int64(bytes.count) < byteCount + 4 else {
      throw corrupt("it has \(bytes.count) bytes, and the log says \(byteCount)", at: folder.root)
    }
    return bytes.prefix(Int(byteCount))
  }

  /// Digits of a UUID.
  private static let uuidDigitCount = 20

  private func relativePath(_ folder: DataFolder) throws(DeltaError) -> String {
    let text = Array(pathOrInlineDV.utf8)
    guard text.count >= Self.uuidDigitCount,
      let id = Z85.decode(text.suffix(Self.uuidDigitCount)), id.count == 16
    else {
      throw corrupt("its name '\(pathOrInlineDV)' holds no UUID", at: folder.root)
    }
    var name = "deletion_vector_"
    for (index, byte) in id.enumerated() {
      if [4, 6, 8, 10].contains(index) { name += "-" }
      name += HexText.lowercase([byte])
    }
    let prefix = String(decoding: text.dropLast(Self.uuidDigitCount), as: UTF8.self)
    return (prefix.isEmpty ? "" : prefix + "/") + name + ".bin"
  }

  /// The vector's bytes in its file, which has the size before them and a checksum after.
  private func fileBytes(_ path: String) throws(DeltaError) -> ArraySlice<UInt8> {
    let start = offset ?? 0
    // checked: the size is limited, and the offset has room for it.
    guard (0...Int64.max / 2).contains(start) else {
      throw corrupt("the log says that it begins at byte \(start)", at: path)
    }
    let end = start + 4 + byteCount + 4
    let folder = StoragePath.parent(path)
    let storage = DirectoryStorage(root: folder.isEmpty && path.hasPrefix("/") ? "/" : folder)
    let name = StoragePath.name(path)
    let version: [UInt8]
    let bytes: [UInt8]
    do throws(StorageError) {
      version = try storage.read(name, range: 0..<1)
      bytes = try storage.read(name, range: Int(start)..<Int(end))
    } catch {
      throw corrupt("its file cannot be read: \(error.message)", at: path)
    }
    guard version == [1] else {
      throw DeltaError(
        .unsupported, "a file of deletion vectors of version \(version[0]), and version 1 is read",
        path: path)
    }
    let (said, checksum) = bytes.withUnsafeBytes { raw in
      (
        UInt32(bigEndian: raw.loadUnaligned(as: UInt32.self)),
        UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: raw.count - 4, as: UInt32.self))
      )
    }
    guard Int64(said) == byteCount else {
      throw corrupt("it has \(said) bytes in its file, and the log says \(byteCount)", at: path)
    }
    let data = bytes[4..<bytes.count - 4]
    let found = data.withUnsafeBytes { CRC32.checksum($0) }
    guard found == checksum else { throw corrupt("its checksum is wrong", at: path) }
    return data
  }

  private func corrupt(_ what: String, at path: String) -> DeltaError {
    DeltaError(.corrupt, "a damaged deletion vector: \(what)", path: path, remedy: Self.remedy)
  }
}
