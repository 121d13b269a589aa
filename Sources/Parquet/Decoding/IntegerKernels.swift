import Bytes

/// Loops over plain integers.
enum IntegerKernels {
  /// How the 32 bits of a stored INT32 are read. For narrower types only the low bits count: some writers
  /// extend them with zeros, some with the sign, and all readers drop the others.
  enum Word {
    case signed32, unsigned32, signed16, unsigned16, signed8, unsigned8

    init(bitWidth: Int, isSigned: Bool) {
      switch bitWidth {
      case ...8: self = isSigned ? .signed8 : .unsigned8
      case ...16: self = isSigned ? .signed16 : .unsigned16
      default: self = isSigned ? .signed32 : .unsigned32
      }
    }
  }

  /// 32-bit values to 64 bits.
  static func widen(
    _ source: UnsafeRawPointer, _ count: Int, as word: Word,
    into target: UnsafeMutablePointer<Int64>
  ) {
    switch word {
    case .signed32: widen(source, Int32.self, count, into: target)
    case .unsigned32: widen(source, UInt32.self, count, into: target)
    case .signed16: widen(source, Int16.self, count, into: target)
    case .unsigned16: widen(source, UInt16.self, count, into: target)
    case .signed8: widen(source, Int8.self, count, into: target)
    case .unsigned8: widen(source, UInt8.self, count, into: target)
    }
  }

  /// The low bits of a word are its first bytes.
  @inline(__always)
  private static func widen<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _: T.Type, _ count: Int, into target: UnsafeMutablePointer<Int64>
  ) {
    for index in 0..<count {
      target[index] = Int64(truncatingIfNeeded: source.loadLE(index &* 4, as: T.self))
    }
  }

  /// Sums of 32-bit deltas wrap at 32 bits.
  static func wrap32(_ target: UnsafeMutablePointer<Int64>, _ count: Int, as word: Word) {
    switch word {
    case .signed32: wrap(target, Int32.self, count)
    case .unsigned32: wrap(target, UInt32.self, count)
    case .signed16: wrap(target, Int16.self, count)
    case .unsigned16: wrap(target, UInt16.self, count)
    case .signed8: wrap(target, Int8.self, count)
    case .unsigned8: wrap(target, UInt8.self, count)
    }
  }

  @inline(__always)
  private static func wrap<T: FixedWidthInteger>(
    _ target: UnsafeMutablePointer<Int64>, _: T.Type, _ count: Int
  ) {
    for index in 0..<count {
      target[index] = Int64(truncatingIfNeeded: T(truncatingIfNeeded: target[index]))
    }
  }

  /// Whether every code is an index below `limit`.
  static func areBelow(_ codes: UnsafePointer<Int32>, _ count: Int, limit: Int32) -> Bool {
    let last = limit &- 1
    var signs: Int32 = 0
    // A code above the last, or below zero, leaves a sign bit.
    for index in 0..<count { signs |= codes[index] | (last &- codes[index]) }
    return signs >= 0
  }
}
