// Random numbers of the simulator, with integer arithmetic only, so that a seed gives the same bytes on every
// machine and with every math library.

/// SplitMix64.
struct SimulatorRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// An independent stream for each combination of parts.
  init(seed: UInt64, _ parts: UInt64...) {
    state = parts.reduce(Self.mix(seed)) { Self.mix($0 ^ Self.mix($1)) }
  }

  @inline(__always)
  mutating func next() -> UInt64 {
    state = state &+ 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// A random number in 0..<`bound`.
  @inline(__always)
  mutating func next(below bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }

  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  /// FNV-1a of a text.
  static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
