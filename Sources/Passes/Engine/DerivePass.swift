import Catalog
import DeltaLog
import Tables

/// A table that a pass reads, as the engine sees it.
package protocol DeriveInput: Sendable {
  var name: TableName { get }
  /// The version that the plan is made of.
  var version: Int { get }
  /// Dates of which there are rows, ascending.
  var dates: [String] { get }
  /// What there is of a date; of an absent one, nothing. Cost: a file without tags is read.
  func fingerprint(of date: String) throws -> PartitionFingerprint
  /// Bytes on disk, by which the longest dates are made first.
  func byteCount(of date: String) -> Int64
  /// Whether rows of the date were purged.
  func isPurged(_ date: String) -> Bool
}

/// A table that a pass fills, as the engine sees it.
package protocol DeriveTarget: AnyObject {
  /// What was made of a unit, before it is committed.
  associatedtype Product: DeriveProduct
  var name: TableName { get }
  /// What it holds, by date.
  func knownUnits() throws -> [String: KnownUnit]
  /// Whether it remembers that no row came of these very inputs.
  func isKnownEmpty(_ derivation: Derivation, date: String) -> Bool
  /// Replaces the partitions of some units in one commit.
  ///
  /// - Returns: Whether they are in. Else another commit came first: the table was looked at anew, and
  ///   the engine decides what is still to be done.
  func commit(
    _ units: [DerivedUnit<Product>], parameters: [(name: String, value: String)]
  ) throws -> Bool
}

/// What a pass makes of one date for one table: a staged segment, or a test double for one in a test of the
/// engine.
package protocol DeriveProduct: Sendable {
  /// Rows in it.
  var rowCount: Int { get }
  /// Its size on disk.
  var byteCount: Int { get }
}

extension StagedSegment: DeriveProduct {}

/// A unit that was made and is not committed yet.
package struct DerivedUnit<Product: DeriveProduct>: Sendable {
  /// ISO date.
  package var date: String
  /// What it was computed from, as the plan saw it.
  package var derivation: Derivation
  /// nil where it came out empty.
  package var product: Product?

  /// - Parameter product: nil where no row came of the date.
  package init(date: String, derivation: Derivation, product: Product?) {
    self.date = date
    self.derivation = derivation
    self.product = product
  }
}

/// A figure that must be the same before and after, like the volume of all bars of a date.
package struct Conserved: Hashable, Sendable {
  /// What is conserved, in words, like `volume`.
  package var name: String
  /// The figure of the inputs.
  package var before: String
  /// The figure of what was made.
  package var after: String

  /// Figures are compared as texts, so that decimals must come with all their digits.
  package init(
    _ name: String, before: some CustomStringConvertible, after: some CustomStringConvertible
  ) {
    self.name = name
    self.before = before.description
    self.after = after.description
  }

  /// The figures that differ, in words; empty where none does.
  static func differences(_ figures: [Conserved]) -> String {
    figures.filter { $0.before != $0.after }
      .map { "\($0.name): \($0.before) before, \($0.after) after" }
      .joined(separator: "; ")
  }
}

/// An input date that a unit may depend on, be there rows of it or not.
package struct InputUse: Sendable {
  /// Of the pass's inputs.
  package var input: Int
  /// ISO date of the input.
  package var date: String
  /// Whether there is nothing to make where this has no rows; a look-back isn't.
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

/// A pass whose effect is to derive: partitions of other tables are made of its inputs.
///
/// The pass says what it reads and how a date is made; order, staleness, commits, races, interruption and
/// figures are the engine's (`DeriveEngine`).
package protocol DerivePass: AnyObject, Sendable {
  associatedtype Target: DeriveTarget

  /// Name and version, as they stand in the tags of what was made. The version is raised when equal inputs
  /// give other results.
  var identity: (name: String, version: Int) { get }
  var inputs: [any DeriveInput] { get }
  var targets: [Target] { get }
  /// What beside the inputs decides what comes out: it goes into the derivation.
  func parameters(of target: Int) -> String
  /// The input dates that a unit may depend on. The result never depends on any other.
  func uses(of date: String, target: Int) -> [InputUse]
  /// The units that may depend on an input date.
  func units(dependingOn date: String, input: Int, target: Int) -> [String]
  /// Makes the units of a date, of several targets from one reading; called on several threads at once.
  ///
  /// - Parameters:
  ///   - targets: Those of which the unit is due.
  ///   - keep: Takes what was made of a target's unit, and what must be conserved.
  func make(
    _ date: String, targets: [Int],
    keep: (_ target: Int, Result<(Target.Product?, [Conserved]), any Error>) -> Void
  ) throws
  /// Makes durable what was made since the last call: a commit follows.
  func sync() throws
  /// Input rows that were read so far; nil where they are not counted.
  var rowsRead: Int? { get }
  /// What history tells of a commit.
  var commitParameters: [(name: String, value: String)] { get }
}

extension DerivePass {
  /// Most passes make a date of the same date.
  package func uses(of date: String, target: Int) -> [InputUse] {
    inputs.indices.map { InputUse(input: $0, date: date) }
  }

  /// Most passes do not count them.
  package var rowsRead: Int? { nil }

  /// Most passes make a date of the same date.
  package func units(dependingOn date: String, input: Int, target: Int) -> [String] { [date] }
}
