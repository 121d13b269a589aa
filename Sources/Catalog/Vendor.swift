/// A seller of data.
public enum Vendor: String, CaseIterable, Sendable {
  case databento, massive

  /// The vendor's name as it spells it.
  public var title: String {
    switch self {
    case .databento: "Databento"
    case .massive: "Massive"
    }
  }

  /// Environment variables for the key; the first takes precedence.
  public var keyVariables: [String] {
    switch self {
    case .databento: ["DATABENTO_API_KEY"]
    // The vendor was called Polygon, and many machines still have that variable.
    case .massive: ["MASSIVE_API_KEY", "POLYGON_API_KEY"]
    }
  }

  /// The default address.
  public var standardURL: String {
    switch self {
    case .databento: "https://hist.databento.com/v0"
    case .massive: "https://api.massive.com"
    }
  }

  /// Environment variable that overrides the address.
  public var urlVariable: String { "LAKE_\(rawValue.uppercased())_URL" }
}
