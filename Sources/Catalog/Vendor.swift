/// Who data is bought from.
public enum Vendor: String, CaseIterable, Sendable {
  case databento, massive

  /// As the vendor writes itself.
  public var title: String {
    switch self {
    case .databento: "Databento"
    case .massive: "Massive"
    }
  }

  /// Variables that hold the key, the first one first.
  public var keyVariables: [String] {
    switch self {
    case .databento: ["DATABENTO_API_KEY"]
    // The vendor was called Polygon, and many machines still have its variable.
    case .massive: ["MASSIVE_API_KEY", "POLYGON_API_KEY"]
    }
  }

  /// Address that is asked unless the lake says otherwise.
  public var standardURL: String {
    switch self {
    case .databento: "https://hist.databento.com/v0"
    case .massive: "https://api.massive.com"
    }
  }

  /// Variable that overrides the address.
  public var urlVariable: String { "LAKE_\(rawValue.uppercased())_URL" }
}
