import Bytes
import Columnar
import DeltaLog

/// What a partition holds, whatever its files: the sum of its rows' hashes, and their number.
package struct PartitionFingerprint: Hashable, Sendable {
  /// Rows of all its files.
  package var rowCount: Int64 = 0
  /// Sum of the rows' hashes modulo 2¹²⁸, so that neither order nor cuts between files matter: see `RowHash`.
  package var rowHash = Fingerprint()

  /// Reads the tags of the partition's files; files without (a foreign writer's) are read themselves.
  ///
  /// - Parameters:
  ///   - root: The table's folder.
  ///   - fields: The table's physical columns.
  package init(files: [AddFile], root: String, fields: [Field]) throws {
    for file in files {
      if let count = file.taggedRowCount,
        let hash = file.taggedRowHash.flatMap({ Fingerprint(hex: $0) })
      {
        rowCount = rowCount.adding(clamped: count)
        rowHash &+= hash
      } else if let count = file.taggedRowCount,
        let hash = file.tag(AddFile.Tag.rowHash).flatMap({ Fingerprint(hex: $0) }),
        try !SegmentReader(path: file.localPath(in: root), fields: []).hasProvenance()
      {
        // An older version's hash counts provenance columns too: without a value there, it is the same.
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

  /// The absent partition.
  package init() {}

  /// A fingerprint that is known already, like one kept in tags.
  package init(rowCount: Int64, rowHash: Fingerprint) {
    self.rowCount = rowCount
    self.rowHash = rowHash
  }

  var text: String { "\(rowCount):\(rowHash)" }
}

/// What one file says of what a unit in it was made of; nil where it does not.
package struct UnitOrigin: Hashable, Sendable {
  /// The tag `lake.pass`.
  package var pass: String?
  /// The tag `lake.passVersion`.
  package var version: String?
  /// All digits of a derivation's inputs, or the first of them.
  package var inputs: String?

  /// Of a file that holds one unit.
  package init(_ file: AddFile) {
    self.init(file, inputs: file.tag(Derivation.inputsTag))
  }

  /// Of a unit among those of a file.
  package init(_ file: AddFile, inputs: String?) {
    pass = file.tag(Derivation.passTag)
    version = file.tag(Derivation.versionTag)
    self.inputs = inputs
  }
}

/// What a derived partition was computed from, as its segments' tags say it.
package struct Derivation: Hashable, Sendable {
  /// Name of the pass, like `resample`.
  var pass: String
  /// Raised whenever the pass's results change for equal inputs.
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

  /// In what a partition's files are made of something else.
  package enum Difference: Sendable {
    /// Some file does not say what it is made of.
    case foreign
    case pass, inputs
  }

  /// The gravest difference of what is not fresh.
  package func difference(from origins: [UnitOrigin]) -> Difference {
    if origins.contains(where: { $0.inputs == nil }) { return .foreign }
    return origins.allSatisfy(isOfSamePass) ? .inputs : .pass
  }

  private func isOfSamePass(_ origin: UnitOrigin) -> Bool {
    origin.pass == pass && origin.version == "\(version)"
  }

  /// Whether all that there is of a unit says that it comes from exactly this. What says nothing never does.
  package func isFresh(_ origins: [UnitOrigin]) -> Bool {
    !origins.isEmpty
      && origins.allSatisfy { origin in
        guard isOfSamePass(origin), let known = origin.inputs else { return false }
        return known == inputs || known == inputDigits
      }
  }

  /// The digits of `inputs` that a segment of several dates keeps of each.
  package var inputDigits: String { String(inputs.prefix(SegmentUnits.inputDigitCount)) }

  /// The application id by which a table remembers that a partition came out empty.
  package func emptyAppId(date: String) -> String {
    "lake/empty/\(pass)/\(version)/\(date)/\(inputs)"
  }
}
