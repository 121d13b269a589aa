/// All passes, one line each.
public enum PassRegistry {
  /// In the order in which help lists them.
  public static let all: [PassKind] = [
    BarsPass.kind,
    ResamplePass.kind,
    CompactPass.dedupKind,
    CompactPass.kind,
    GapsPass.kind,
    ValidatePass.kind,
  ]

  /// The pass of a name as `lake.yaml` writes it; nil where there is none.
  public static func named(_ name: String) -> PassKind? { all.first { $0.name == name } }
}
