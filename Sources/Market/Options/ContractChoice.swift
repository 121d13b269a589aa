import Columnar

/// The contracts of one day: by arithmetic, or among those that were listed.
public struct ContractChoice: Hashable, Sendable {
  /// One cent: how far a listed strike may be from the one that was computed and still be it.
  public static let toleranceDefault: Int64 = Price.scale / 100

  /// Roots of the options, like `SPY`, or `SPX` and `SPXW`; contracts of each are chosen.
  public let roots: [String]
  /// When the contracts expire.
  public let expiration: CivilDate
  /// Which strikes are chosen.
  public let rule: StrikeRule

  /// A choice among the contracts of one expiration.
  public init(roots: [String], expiration: CivilDate, rule: StrikeRule) {
    self.roots = roots
    self.expiration = expiration
    self.rule = rule
  }

  /// The contracts by arithmetic, root by root, calls first, each side nearest first. They need not exist.
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

  /// The contracts among those listed, root by root, calls first, each side nearest first.
  ///
  /// For each strike of the arithmetic it takes the listed one within `tolerance`, the nearest of several;
  /// where there is none, the strike nearest to it on the same side of the opening price that is not taken.
  /// Fewer than asked for come back where fewer are listed. Adjusted contracts are never taken.
  ///
  /// - Parameters:
  ///   - open: The day's opening price in billionths of a dollar.
  ///   - contracts: In any order; those of other roots and expirations are passed over.
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

  /// The lower of two that are equally near.
  private static func nearest(
    to target: Int64, among contracts: [OptionSymbol], where fits: (OptionSymbol) -> Bool
  ) -> OptionSymbol? {
    contracts.filter(fits).min { abs($0.strike - target) < abs($1.strike - target) }
  }
}
