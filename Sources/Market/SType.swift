/// A symbology type: the kind of name by which an instrument is requested or identified.
///
/// - Spec: Databento, "Symbology"; the raw values are those of the DBN wire format.
public enum SType: UInt8, CaseIterable, Hashable, Sendable {
  case instrumentID = 0
  case rawSymbol = 1
  /// Legacy type that combined `continuous` and `parent`.
  case smart = 2
  case continuous = 3
  case parent = 4
  case nasdaqSymbol = 5
  case cmsSymbol = 6
  case isin = 7
  case usCode = 8
  case bbgCompID = 9
  case bbgCompTicker = 10
  case figi = 11
  case figiTicker = 12

  /// The vendor's name, as in its API and in its JSON.
  public var name: String {
    switch self {
    case .instrumentID: "instrument_id"
    case .rawSymbol: "raw_symbol"
    case .smart: "smart"
    case .continuous: "continuous"
    case .parent: "parent"
    case .nasdaqSymbol: "nasdaq_symbol"
    case .cmsSymbol: "cms_symbol"
    case .isin: "isin"
    case .usCode: "us_code"
    case .bbgCompID: "bbg_comp_id"
    case .bbgCompTicker: "bbg_comp_ticker"
    case .figi: "figi"
    case .figiTicker: "figi_ticker"
    }
  }

  /// The type with this vendor name, legacy names included; nil for an unknown name.
  public init?(name: String) {
    switch name {
    case "product_id": self = .instrumentID
    case "native": self = .rawSymbol
    case "nasdaq": self = .nasdaqSymbol
    case "cms": self = .cmsSymbol
    default:
      guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = match
    }
  }
}
