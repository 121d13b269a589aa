import Bytes
import Catalog
import Tables

/// What a derivation will do: a plain value that is printed, tested and run.
public struct DerivePlan: Sendable {
  /// One table that is filled.
  public struct Output: Sendable {
    /// The table that is filled; it need not exist yet.
    public let table: TableName
    /// By date, ascending.
    public internal(set) var units: [PassUnit]
    /// Units that `run` will make.
    public var dueCount: Int { units.count { $0.state.isDue } }
  }

  /// The tables read, each at the version that was planned with.
  public let inputs: [(table: TableName, version: Int)]
  /// One per table that the pass fills, in the pass's order.
  public internal(set) var outputs: [Output]

  /// Dates with a unit that is due, ascending.
  package var dueDates: [String] {
    Set(outputs.flatMap { $0.units.filter(\.state.isDue).map(\.date) }).sorted()
  }
}

/// Which units are wanted.
public struct UnitChoice: Sendable {
  /// The first date, ISO; nil: all.
  public var since: String?
  /// Whether fresh units are computed again.
  public var isForced: Bool

  /// - Parameter since: First ISO date that is wanted; nil for all.
  public init(since: String? = nil, isForced: Bool = false) {
    self.since = since
    self.isForced = isForced
  }

  /// Whether an ISO date is wanted.
  package func contains(_ date: String) -> Bool { since.map { date >= $0 } ?? true }
}

extension DerivePlan {
  /// Compares every unit of a pass's targets with its inputs.
  ///
  /// - Parameter due: Dates of input tables that other passes will compute before the plan runs.
  package init(
    _ pass: some DerivePass, choice: UnitChoice = UnitChoice(), due: [TableName: Set<String>] = [:]
  ) throws {
    inputs = pass.inputs.map { ($0.name, $0.version) }
    outputs = try pass.targets.indices.map { target in
      let known = try pass.targets[target].knownUnits()
      var dates = Set(known.keys)
      for (index, input) in pass.inputs.enumerated() {
        for date in input.dates {
          dates.formUnion(pass.units(dependingOn: date, input: index, target: target))
        }
      }
      var waiting: [String: TableName] = [:]
      for (index, input) in pass.inputs.enumerated() {
        for date in due[input.name] ?? [] {
          for unit in pass.units(dependingOn: date, input: index, target: target) {
            waiting[unit] = input.name
          }
        }
      }
      let units = try dates.union(waiting.keys).filter(choice.contains).sorted().map { date in
        var unit = try Self.unit(pass, target, date, known[date]?.origins ?? [], choice)
        if let table = waiting[date], !unit.state.isDue, unit.state != .frozen {
          unit.state = known[date] == nil ? .missing : .stale
          unit.reason = .inputDue(table)
        }
        return unit
      }
      return Output(table: pass.targets[target].name, units: units)
    }
  }

  private static func unit<Pass: DerivePass>(
    _ pass: Pass, _ target: Int, _ date: String, _ origins: [UnitOrigin], _ choice: UnitChoice
  ) throws -> PassUnit {
    let uses = pass.uses(of: date, target: target)
    let parameters = pass.parameters(of: target)
    var inputRowCount: Int64 = 0
    let fingerprints = try uses.map { use in
      let input = pass.inputs[use.input]
      let fingerprint = try input.fingerprint(of: use.date)
      if use.isRequired { inputRowCount = inputRowCount.adding(clamped: fingerprint.rowCount) }
      return ("\(input.name)/\(use.date)/\(parameters)", fingerprint)
    }
    let derivation = Derivation(
      pass: pass.identity.name, version: pass.identity.version, inputs: fingerprints)
    let known = KnownUnit(
      origins: origins,
      isKnownEmpty: origins.isEmpty
        && pass.targets[target].isKnownEmpty(derivation, date: date))
    var unit = PassUnit(
      date: date, known: known, derivation: derivation, inputRowCount: inputRowCount,
      isPurged: uses.contains { pass.inputs[$0.input].isPurged($0.date) },
      tables: pass.inputs.map(\.name))
    if choice.isForced, unit.state == .fresh, inputRowCount > 0 {
      unit.state = .stale
      unit.reason = .forced
    }
    return unit
  }
}
