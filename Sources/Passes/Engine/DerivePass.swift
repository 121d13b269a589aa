import Catalog
import DeltaLog
import Tables

/// A table that a pass reads, as the engine sees it.
package protocol DeriveInput: Sendable {
  var name: TableName { get }
  /// The version that the plan is based on.
  var version: Int { get }
  /// Dates with rows, ascending.
  var dates: [String] { get }
  /// The fingerprint of a date; of a date without files, that of no rows. Cost: reads files without tags.
  func fingerprint(of date: String) throws -> PartitionFingerprint
  /// Size on disk, by which the longest dates are computed first.
  func byteCount(of date: String) -> Int64
  /// Whether rows of the date were purged.
  func isPurged(_ date: String) -> Bool
}

/// A table that a pass fills, as the engine sees it.
package protocol DeriveTarget: AnyObject {
  /// The result of a unit before it is committed.
  associatedtype Product: DeriveProduct
  var name: TableName { get }
  /// The units that the table holds, by date.
  func knownUnits() throws -> [String: KnownUnit]
  /// Whether the table records that these inputs give no rows.
  func isKnownEmpty(_ derivation: Derivation, date: String) -> Bool
  /// Replaces the partitions of some units in one commit.
  ///
  /// - Returns: true if committed. Else another commit came first: the table was read again, and the engine
  ///   decides what is still to do.
  func commit(
    _ units: [DerivedUnit<Product>], parameters: [(name: String, value: String)]
  ) throws -> Bool
}

/// The result of a pass for one date of one table: a staged segment, or a test double in the engine's tests.
package protocol DeriveProduct: Sendable {
  /// Rows in it.
  var rowCount: Int { get }
  /// Its size on disk.
  var byteCount: Int { get }
}

extension StagedSegment: DeriveProduct {}

extension PlacedSegment: DeriveProduct {
  /// Rows of the file.
  package var rowCount: Int { staged.rowCount }
  /// Bytes on disk.
  package var byteCount: Int { staged.byteCount }
}

/// A unit that was made and is not committed yet.
package struct DerivedUnit<Product: DeriveProduct>: Sendable {
  /// ISO date.
  package var date: String
  /// What it was computed from, as the plan saw it.
  package var derivation: Derivation
  /// nil if it has no rows.
  package var product: Product?

  /// - Parameter product: nil if the date has no rows.
  package init(date: String, derivation: Derivation, product: Product?) {
    self.date = date
    self.derivation = derivation
    self.product = product
  }
}

/// A figure that must be equal before and after, like the volume of all bars of a date.
package struct Conserved: Hashable, Sendable {
  /// What is conserved, in words, like `volume`.
  package var name: String
  /// The figure of the inputs.
  package var before: String
  /// The figure of the result.
  package var after: String

  /// Figures are compared as text, so decimals must have all their digits.
  package init(
    _ name: String, before: some CustomStringConvertible, after: some CustomStringConvertible
  ) {
    self.name = name
    self.before = before.description
    self.after = after.description
  }

  /// The figures that differ, in words; empty if none does.
  static func differences(_ figures: [Conserved]) -> String {
    figures.filter { $0.before != $0.after }
      .map { "\($0.name): \($0.before) before, \($0.after) after" }
      .joined(separator: "; ")
  }
}

/// An input date that a unit may depend on, whether it has rows or not.
package struct InputUse: Sendable {
  /// Index in the pass's `inputs`.
  package var input: Int
  /// ISO date of the input.
  package var date: String
  /// Whether the unit is empty if this date has no rows; false for a look-back.
  package var isRequired: Bool

  /// - Parameters:
  ///   - input: Index in the pass's `inputs`.
  ///   - isRequired: false for a look-back or a warm-up.
  package init(input: Int, date: String, isRequired: Bool = true) {
    self.input = input
    self.date = date
    self.isRequired = isRequired
  }
}

/// A pass whose effect is to derive: it computes partitions of other tables from its inputs.
///
/// The pass says what it reads and computes a date; order, staleness, commits, races, interruption and
/// conservation are the engine's (`DeriveEngine`).
package protocol DerivePass: AnyObject, Sendable {
  associatedtype Target: DeriveTarget

  /// Name and version, as recorded in the tags of results. Raise the version when equal inputs give other
  /// results.
  var identity: (name: String, version: Int) { get }
  var inputs: [any DeriveInput] { get }
  var targets: [Target] { get }
  /// Everything but the inputs that determines the result; part of the derivation's hash.
  func parameters(of target: Int) -> String
  /// The input dates that a unit may depend on. The result never depends on any other.
  func uses(of date: String, target: Int) -> [InputUse]
  /// The units that may depend on an input date.
  func units(dependingOn date: String, input: Int, target: Int) -> [String]
  /// Computes the units of a date for several targets while reading the inputs once. Called on several threads
  /// at once.
  ///
  /// - Parameters:
  ///   - targets: Indexes of the targets whose unit is due.
  ///   - keep: Takes the result for a target and the figures that must be conserved.
  func make(
    _ date: String, targets: [Int],
    keep: (_ target: Int, Result<(Target.Product?, [Conserved]), any Error>) -> Void
  ) throws
  /// Makes results since the last call durable; called before each commit.
  func sync() throws
  /// Input rows read so far; nil if they are not counted.
  var rowsRead: Int? { get }
  /// Parameters of a commit in the table's history.
  var commitParameters: [(name: String, value: String)] { get }
}

extension DerivePass {
  /// By default a date depends on the same date of all inputs.
  package func uses(of date: String, target: Int) -> [InputUse] {
    inputs.indices.map { InputUse(input: $0, date: date) }
  }

  /// By default rows are not counted.
  package var rowsRead: Int? { nil }

  /// By default a date affects only the same date.
  package func units(dependingOn date: String, input: Int, target: Int) -> [String] { [date] }
}
