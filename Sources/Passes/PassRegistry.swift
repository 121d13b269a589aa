/// All passes: one line each.
public enum PassRegistry {
  public static let all: [PassKind] = [
    ResamplePass.kind,
    CompactPass.kind,
  ]

  public static func named(_ name: String) -> PassKind? { all.first { $0.name == name } }
}
