import Columnar

/// Chooses the option contracts of one day: from computed strikes, or among listed contracts.
public struct ContractChoice: Hashable, Sendable {
  /// Largest difference between a computed strike and the listed strike that counts as the same: one cent.
  public static let toleranceDefault: Int64 = Price.scale / 100

  /// Option roots, such as `SPY`, or `SPX` and `SPXW`; contracts of each root are chosen.
  public let roots: [String]
  /// When the contracts expire.
  public let expiration: CivilDate
  /// Which strikes are chosen.
  public let rule: StrikeRule

  /// Chooses among the contracts of one expiration.
  public init(roots: [String], expiration: CivilDate, rule: StrikeRule) {
    self.roots = roots
    self.expiration = expiration
    self.rule = rule
  }

  /// Contracts at the computed strikes, root by root, calls first, each side nearest first. They need not
  /// exist.
  ///
  /// - Parameter open: The day's opening price in billionths of a dollar.
  public func built(open: Int64) throws(OptionError) -> [OptionSymbol] {
    let strikes = try rule.strikes(open: open)
    var symbols: [OptionSymbol] = []
    for root in roots {
      for (right, side) in [(OptionRight.call, strikes.calls), (.put, strikes.puts)] {
        for strike in side {
          symbols.append(
            try OptionSymbol(root: root, expiration: expiration, right: right, strike: strike))
        }
      }
    }
    return symbols
  }

  /// The chosen ones of the listed contracts, root by root, calls first, each side nearest first.
  ///
  /// For each computed strike this takes the nearest listed strike within `tolerance`; without one, the nearest
  /// listed strike on the same side of the opening price that is not yet taken. The result is shorter than
  /// requested if too few are listed. Adjusted contracts are never chosen.
  ///
  /// - Parameters:
  ///   - open: The day's opening price in billionths of a dollar.
  ///   - contracts: In any order; other roots and expirations are ignored.
  public func listed(
    open: Int64, among contracts: [OptionSymbol], tolerance: Int64 = toleranceDefault
  ) throws(OptionError) -> [OptionSymbol] {
    var chosen: [OptionSymbol] = []
    for root in roots {
      let own = Set(contracts.filter { $0.root == root && $0.expiration == expiration })
      chosen += try nearest(open: open, among: own, tolerance: tolerance)
    }
    return chosen
  }

  /// The chosen contracts of one root.
  private func nearest(
    open: Int64, among fitting: Set<OptionSymbol>, tolerance: Int64
  ) throws(OptionError) -> [OptionSymbol] {
    let strikes = try rule.strikes(open: open)
    var chosen: [OptionSymbol] = []
    for (right, targets) in [(OptionRight.call, strikes.calls), (.put, strikes.puts)] {
      let side = fitting.filter { $0.right == right }.sorted()
      let near = targets.map { target in
        Self.nearest(to: target, among: side) { abs($0.strike - target) <= tolerance }
      }
      var taken = Set(near.compactMap { $0 })
      for (target, match) in zip(targets, near) {
        let substitute = { (contract: OptionSymbol) in
          (right == .call) == (contract.strike > open) && !taken.contains(contract)
        }
        if let found = match ?? Self.nearest(to: target, among: side, where: substitute) {
          taken.insert(found)
        }
      }
      chosen += taken.sorted {
        right == .call ? $0.strike < $1.strike : $0.strike > $1.strike
      }
    }
    return chosen
  }

  /// The nearest strike; the lower of two that are equally near.
  private static func nearest(
    to target: Int64, among contracts: [OptionSymbol], where fits: (OptionSymbol) -> Bool
  ) -> OptionSymbol? {
    contracts.filter(fits).min { abs($0.strike - target) < abs($1.strike - target) }
  }
}
