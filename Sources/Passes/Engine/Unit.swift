import Catalog
import Tables

/// One date of a derived table, compared with its inputs.
///
/// A unit as a whole is fresh, stale or frozen, and is computed or skipped.
public struct PassUnit: Sendable {
  /// The state of a unit.
  public enum State: String, Sendable, CaseIterable {
    /// Computed from exactly the rows that its inputs hold now.
    case fresh
    /// Like `fresh`, with no rows as the result.
    case empty
    /// Not computed yet.
    case missing
    /// Its inputs changed since, or the pass, or another program wrote there.
    case stale
    /// Its inputs have no rows any more: its rows will be removed.
    case orphaned
    /// Its inputs were purged: its rows stay, and are never computed again.
    case frozen

    /// Whether a run computes it.
    public var isDue: Bool { self == .missing || self == .stale || self == .orphaned }
  }

  /// Why a unit is due.
  public enum Reason: Hashable, Sendable {
    case neverMade
    /// Rows of these tables changed since it was computed.
    case inputsChanged([TableName])
    /// An earlier version of the pass computed it.
    case passChanged
    /// Its partition has files that the pass did not write.
    case foreignFiles
    case inputsRemoved
    /// It is fresh, but was forced.
    case forced
    /// An input table must be computed first.
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
  /// nil if it is not due.
  public internal(set) var reason: Reason?
  /// What it would be computed from now.
  package let derivation: Derivation

  /// - Parameter reason: nil unless the state is one that is due.
  package init(date: String, state: State, reason: Reason?, derivation: Derivation) {
    self.date = date
    self.state = state
    self.reason = reason
    self.derivation = derivation
  }
}

/// What a derived table holds for a date.
package struct KnownUnit: Sendable {
  /// For each file with rows of the date, what its tags say the rows were computed from.
  package var origins: [UnitOrigin] = []
  /// Whether the table records that these inputs give no rows.
  package var isKnownEmpty = false

  /// - Parameter origins: What each file with rows of the date says it was made of; empty where there are none.
  package init(origins: [UnitOrigin] = [], isKnownEmpty: Bool = false) {
    self.origins = origins
    self.isKnownEmpty = isKnownEmpty
  }
}

extension PassUnit {
  /// Determines the state of a unit.
  ///
  /// - Parameters:
  ///   - inputRowCount: Rows of the required inputs.
  ///   - isPurged: Whether some of its inputs were purged.
  ///   - tables: The input tables.
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
