import Bytes
import Columnar
import DeltaLog

/// What a partition holds, however it is cut into files: the sum of its rows' hashes, and their number.
package struct PartitionFingerprint: Hashable, Sendable {
  /// Rows of all its files.
  package var rowCount: Int64 = 0
  /// Sum of the rows' hashes modulo 2¹²⁸, so that neither order nor cuts between files matter: see `RowHash`.
  package var rowHash = Fingerprint()

  /// Sums the tags of the partition's files; files without these tags (another writer's) are read and hashed.
  ///
  /// - Parameters:
  ///   - root: The table's folder.
  ///   - fields: The table's physical columns.
  package init(files: [AddFile], root: String, fields: [Field]) throws {
    try self.init(files: files, root: root, in: nil, fields: fields)
  }

  /// The same, of a table that other engines may have changed: tags know nothing of deleted rows or other names.
  init(files: [AddFile], in plain: PlainFiles, root: String, fields: [Field]) throws {
    try self.init(files: files, root: root, in: plain, fields: fields)
  }

  private init(files: [AddFile], root: String, in plain: PlainFiles?, fields: [Field]) throws {
    for file in files {
      if let plain, file.deletionVector != nil || !plain.keepsNames {
        let (count, hash) = try plain.rawReader(of: file, fields: fields).fingerprint()
        rowCount = rowCount.adding(clamped: Int64(count))
        rowHash &+= hash
      } else if let count = file.taggedRowCount,
        let hash = file.taggedRowHash.flatMap({ Fingerprint(hex: $0) })
      {
        rowCount = rowCount.adding(clamped: count)
        rowHash &+= hash
      } else if let count = file.taggedRowCount,
        let hash = file.tag(AddFile.Tag.rowHash).flatMap({ Fingerprint(hex: $0) }),
        try !SegmentReader(path: file.localPath(in: root), fields: []).hasProvenance()
      {
        // The hash of older versions covers provenance columns too; in a file without values there, both are
        // equal.
        rowCount = rowCount.adding(clamped: count)
        rowHash &+= hash
      } else {
        let reader = try SegmentReader(path: file.localPath(in: root), fields: fields)
        let (count, hash) = try reader.fingerprint()
        rowCount = rowCount.adding(clamped: Int64(count))
        rowHash &+= hash
      }
    }
  }

  /// The fingerprint of a partition without rows.
  package init() {}

  /// A fingerprint that is known already, like one kept in tags.
  package init(rowCount: Int64, rowHash: Fingerprint) {
    self.rowCount = rowCount
    self.rowHash = rowHash
  }

  /// Adds the rows that one file holds of a date.
  mutating func add(_ unit: SegmentUnits.Unit) {
    rowCount = rowCount.adding(clamped: unit.rowCount)
    rowHash &+= unit.rowHash
  }

  var text: String { "\(rowCount):\(rowHash)" }
}

/// What the tags of a file say a unit was computed from; nil if they don't say.
package struct UnitOrigin: Hashable, Sendable {
  /// The tag `lake.pass`.
  package var pass: String?
  /// The tag `lake.passVersion`.
  package var version: String?
  /// The input hash of the derivation: all its hexadecimal digits, or the first `SegmentUnits.inputDigitCount`.
  package var inputs: String?

  /// The origin of a file that holds a single unit.
  package init(_ file: AddFile) {
    self.init(file, inputs: file.tag(Derivation.inputsTag))
  }

  /// The origin of one unit of a file that may hold several.
  package init(_ file: AddFile, inputs: String?) {
    pass = file.tag(Derivation.passTag)
    version = file.tag(Derivation.versionTag)
    self.inputs = inputs
  }
}

/// What a derived partition was computed from, as recorded in its segments' tags.
package struct Derivation: Hashable, Sendable {
  /// Name of the pass, like `resample`.
  var pass: String
  /// Raised whenever the pass gives other results for equal inputs.
  var version: Int
  /// SHA-256 of the fingerprints of all inputs that the partition may depend on.
  package var inputs: String

  static let passTag = "lake.pass"
  static let versionTag = "lake.passVersion"
  static let inputsTag = "lake.inputs"

  /// - Parameter inputs: Fingerprints of every partition that may be read, in the pass's own order; absent ones
  ///   included, as the arrival of one must change the hash.
  package init(
    pass: String, version: Int, inputs fingerprints: [(name: String, PartitionFingerprint)]
  ) {
    self.pass = pass
    self.version = version
    let text = fingerprints.map { "\($0.name)=\($0.1.text)\n" }.joined()
    inputs = Array(text.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
  }

  /// What the log records with each segment of a table whose partitions are dates.
  package var tags: [String: String] {
    [Self.passTag: pass, Self.versionTag: "\(version)", Self.inputsTag: inputs]
  }

  /// How a partition's files differ from what would be computed now.
  package enum Difference: Sendable {
    /// Some file has no such tags: another program wrote it.
    case foreign
    case pass, inputs
  }

  /// The gravest difference, for a unit that is not fresh.
  package func difference(from origins: [UnitOrigin]) -> Difference {
    if origins.contains(where: { $0.inputs == nil }) { return .foreign }
    return origins.allSatisfy(isOfSamePass) ? .inputs : .pass
  }

  private func isOfSamePass(_ origin: UnitOrigin) -> Bool {
    origin.pass == pass && origin.version == "\(version)"
  }

  /// Whether all files of a unit were computed from exactly these inputs. A file without tags never counts as
  /// fresh.
  package func isFresh(_ origins: [UnitOrigin]) -> Bool {
    !origins.isEmpty
      && origins.allSatisfy { origin in
        guard isOfSamePass(origin), let known = origin.inputs else { return false }
        return known == inputs || known == inputDigits
      }
  }

  /// The leading digits of `inputs` that a segment of several dates keeps per date.
  package var inputDigits: String { String(inputs.prefix(SegmentUnits.inputDigitCount)) }

  /// The application id by which a table remembers that a partition has no rows.
  package func emptyAppId(date: String) -> String {
    "lake/empty/\(pass)/\(version)/\(date)/\(inputs)"
  }
}
