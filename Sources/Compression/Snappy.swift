// Snappy, block format: https://github.com/google/snappy/blob/main/format_description.txt

import Bytes

enum Snappy {
  /// - Returns: Number of bytes written. Memory outside of `source` and `target` is never accessed.
  static func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    guard let input = source.baseAddress else { throw truncated(0) }
    var at = 0
    let length = try readLength(source, &at)
    if length != target.count {
      throw CompressionError(
        .size, "snappy data of \(length) bytes, the page's header promises \(target.count)")
    }
    guard let output = target.baseAddress else { return 0 }
    let inputEnd = source.count
    var out = 0
    while at < inputEnd {
      let tag = Int(input.loadLE(at, as: UInt8.self))
      at &+= 1
      if tag & 3 == 0 {
        let count = try literalCount(tag, input, &at, inputEnd)
        if count > inputEnd &- at { throw truncated(at) }
        if count > length &- out { throw tooLong(at) }
        (output + out).copyMemory(from: input + at, byteCount: count)
        at &+= count
        out &+= count
        continue
      }
      let count: Int
      let distance: Int
      switch tag & 3 {
      case 1:
        if at >= inputEnd { throw truncated(at) }
        count = ((tag &>> 2) & 7) &+ 4
        distance = ((tag &>> 5) &<< 8) | Int(input.loadLE(at, as: UInt8.self))
        at &+= 1
      case 2:
        if inputEnd &- at < 2 { throw truncated(at) }
        count = (tag &>> 2) &+ 1
        distance = Int(input.loadLE(at, as: UInt16.self))
        at &+= 2
      default:
        if inputEnd &- at < 4 { throw truncated(at) }
        count = (tag &>> 2) &+ 1
        distance = Int(input.loadLE(at, as: UInt32.self))
        at &+= 4
      }
      if distance == 0 || distance > out {
        throw CompressionError(
          .corrupt, "snappy copies from \(distance) bytes back, \(out) are written", offset: at)
      }
      if count > length &- out { throw tooLong(at) }
      copyBack(output, out, distance, count, length)
      out &+= count
    }
    return out
  }

  /// The uncompressed size in the header; 0 if it is invalid.
  static func statedLength(_ source: UnsafeRawBufferPointer) -> Int {
    var at = 0
    // An invalid size is reported by the decoder.
    return (try? readLength(source, &at)) ?? 0
  }

  /// Copies `count` bytes from `distance` before `out`; the ranges may overlap.
  @inline(__always)
  private static func copyBack(
    _ output: UnsafeMutableRawPointer, _ out: Int, _ distance: Int, _ count: Int, _ length: Int
  ) {
    if distance >= 8 && length &- out >= count &+ 8 {
      var done = 0
      while done < count {
        output.storeLE(
          UnsafeRawPointer(output).loadLE(out &- distance &+ done, as: UInt64.self), out &+ done)
        done &+= 8
      }
      return
    }
    for step in 0..<count {
      output.storeBytes(
        of: output.load(fromByteOffset: out &- distance &+ step, as: UInt8.self),
        toByteOffset: out &+ step, as: UInt8.self)
    }
  }

  private static func literalCount(
    _ tag: Int, _ input: UnsafeRawPointer, _ at: inout Int, _ inputEnd: Int
  ) throws(CompressionError) -> Int {
    let short = tag &>> 2
    if short < 60 { return short &+ 1 }
    let extra = short &- 59
    if inputEnd &- at < extra { throw truncated(at) }
    var count = 0
    for step in 0..<extra {
      count |= Int(input.loadLE(at &+ step, as: UInt8.self)) &<< (8 &* step)
    }
    at &+= extra
    return count &+ 1
  }

  private static func readLength(
    _ source: UnsafeRawBufferPointer, _ at: inout Int
  ) throws(CompressionError) -> Int {
    var length = 0
    for shift in stride(from: 0, to: 35, by: 7) {
      if at >= source.count { throw truncated(at) }
      let byte = source[at]
      at += 1
      length |= Int(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return length }
    }
    throw CompressionError(.corrupt, "snappy length of more than 5 bytes", offset: 0)
  }

  private static func truncated(_ offset: Int) -> CompressionError {
    CompressionError(.truncated, "snappy data ends within an element", offset: offset)
  }

  private static func tooLong(_ offset: Int) -> CompressionError {
    CompressionError(.corrupt, "snappy data is longer than its own length says", offset: offset)
  }
}
