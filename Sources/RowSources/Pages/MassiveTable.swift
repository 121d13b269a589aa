import Catalog
import Massive

/// How Massive's tables are made.
public enum MassiveTable {
  /// The table of a kind, where no other was named.
  public static func name(_ kind: MassiveKind, isAdjusted: Bool) throws -> TableName {
    try TableName(layer: "raw", name: kind.tableName(isAdjusted: isAdjusted))
  }

  /// Properties of a new table: whether its prices are adjusted for splits, where that is a question at all.
  package static func properties(_ kind: MassiveKind, isAdjusted: Bool) -> [String: String] {
    // An index is never adjusted, lists and news have nothing to adjust.
    switch kind {
    case .bars(let market, _) where market != .indices: break
    case .openClose: break
    default: return [:]
    }
    return [TableProperty.adjusted: isAdjusted ? "true" : "false"]
  }
}
