import Catalog
import Tables

/// One date of a derived table, held against what it is made of.
///
/// A unit is what is fresh, stale or frozen, and what is made or left as a whole.
public struct PassUnit: Sendable {
  /// What a unit is.
  public enum State: String, Sendable, CaseIterable {
    /// Made of the very rows that its inputs hold now.
    case fresh
    /// As `fresh`, and no row came of them.
    case empty
    /// Not made yet.
    case missing
    /// Its inputs have changed since, or the pass has, or another writer came between.
    case stale
    /// Its inputs have no rows any more: what is there goes.
    case orphaned
    /// Its inputs were purged: what is there stays, and is never made again.
    case frozen

    /// Whether a run makes it.
    public var isDue: Bool { self == .missing || self == .stale || self == .orphaned }
  }

  /// Why a unit is due.
  public enum Reason: Hashable, Sendable {
    case neverMade
    /// The rows of these tables are others than it was made of.
    case inputsChanged([TableName])
    /// An earlier version of the pass made it.
    case passChanged
    /// Files lie in its partition that the pass did not write.
    case foreignFiles
    case inputsRemoved
    /// It is fresh, and was asked for all the same.
    case forced
    /// A table that it is made of is to be made first.
    case inputDue(TableName)

    /// In words, for a plan that is printed.
    public var text: String {
      switch self {
      case .neverMade: "not made yet"
      case .inputsChanged(let tables):
        "rows changed in \(tables.map(\.description).joined(separator: ", "))"
      case .passChanged: "another version of the pass made it"
      case .foreignFiles: "another program wrote files there"
      case .inputsRemoved: "its input has no rows of that date any more"
      case .forced: "forced"
      case .inputDue(let table): "\(table) is to be made first"
      }
    }
  }

  /// ISO date.
  public let date: String
  /// What is to be done about it.
  public internal(set) var state: State
  /// nil where it is not due.
  public internal(set) var reason: Reason?
  /// What it would be made of now.
  package let derivation: Derivation

  /// - Parameter reason: nil unless the state is one that is due.
  package init(date: String, state: State, reason: Reason?, derivation: Derivation) {
    self.date = date
    self.state = state
    self.reason = reason
    self.derivation = derivation
  }
}

/// What a derived table holds of a date.
package struct KnownUnit: Sendable {
  /// What each file that holds rows of it says of what they were made of.
  package var origins: [UnitOrigin] = []
  /// Whether the table remembers that no row came of these very inputs.
  package var isKnownEmpty = false

  /// - Parameter origins: What each file with rows of the date says it was made of; empty where there are none.
  package init(origins: [UnitOrigin] = [], isKnownEmpty: Bool = false) {
    self.origins = origins
    self.isKnownEmpty = isKnownEmpty
  }
}

extension PassUnit {
  /// Judges a unit.
  ///
  /// - Parameters:
  ///   - inputRowCount: Rows of the inputs without which there is nothing to make it of.
  ///   - isPurged: Whether some of its inputs were purged.
  ///   - tables: The tables that it is made of.
  package init(
    date: String, known: KnownUnit, derivation: Derivation, inputRowCount: Int64, isPurged: Bool,
    tables: [TableName]
  ) {
    let (state, reason): (State, Reason?) =
      if isPurged {
        (.frozen, nil)
      } else if known.origins.isEmpty {
        known.isKnownEmpty || inputRowCount == 0
          ? (.empty, nil) : (.missing, .neverMade)
      } else if derivation.isFresh(known.origins) {
        (.fresh, nil)
      } else if inputRowCount == 0 {
        (.orphaned, .inputsRemoved)
      } else {
        (.stale, Self.reason(known.origins, derivation, tables))
      }
    self.init(date: date, state: state, reason: reason, derivation: derivation)
  }

  private static func reason(
    _ origins: [UnitOrigin], _ derivation: Derivation, _ tables: [TableName]
  ) -> Reason {
    switch derivation.difference(from: origins) {
    case .foreign: .foreignFiles
    case .pass: .passChanged
    case .inputs: .inputsChanged(tables)
    }
  }
}
