import Bytes
import Columnar
import Parquet

/// Encodes values of nested columns as bytes, between reader and Parquet writer.
///
/// A type byte first; numbers are little-endian; texts, lists, maps and structures have their count in front.
enum NestedBytes {
  private enum Tag: UInt8 {
    case null, no, yes, integer, unsigned, float, double, decimal, oversize, string, binary, uuid
    case date, time, timestamp, interval, list, map, structure
  }

  // MARK: - Writing

  static func append(_ value: Value, to out: inout [UInt8]) {
    switch value {
    case .null: put(.null, &out)
    case .boolean(let flag): put(flag ? .yes : .no, &out)
    case .integer(let number): put(.integer, number, &out)
    case .unsigned(let number): put(.unsigned, number, &out)
    case .float(let number): put(.float, number.bitPattern, &out)
    case .double(let number): put(.double, number.bitPattern, &out)
    case .decimal(let unscaled, let scale):
      put(.decimal, unscaled, &out)
      put(Int64(scale), &out)
    case .oversize(let unscaled, let scale):
      put(.oversize, Int64(scale), &out)
      put(unscaled, &out)
    case .string(let text):
      put(.string, &out)
      put(Array(text.utf8), &out)
    case .binary(let bytes):
      put(.binary, &out)
      put(bytes, &out)
    case .uuid(let bytes):
      put(.uuid, &out)
      put(bytes, &out)
    case .date(let day): put(.date, day, &out)
    case .time(let count, let unit, let isUTC): put(.time, count, unit, isUTC, &out)
    case .timestamp(let count, let unit, let isUTC): put(.timestamp, count, unit, isUTC, &out)
    case .interval(let months, let days, let milliseconds):
      put(.interval, months, &out)
      put(days, &out)
      put(milliseconds, &out)
    case .list(let elements):
      put(.list, UInt32(elements.count), &out)
      for element in elements { append(element, to: &out) }
    case .map(let entries):
      put(.map, UInt32(entries.count), &out)
      for entry in entries {
        append(entry.key, to: &out)
        append(entry.value, to: &out)
      }
    case .structure(let members):
      put(.structure, UInt32(members.count), &out)
      for member in members {
        put(Array(member.name.utf8), &out)
        append(member.value, to: &out)
      }
    }
  }

  private static func put(_ tag: Tag, _ out: inout [UInt8]) { out.append(tag.rawValue) }

  private static func put<T: FixedWidthInteger>(_ number: T, _ out: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { out.append(contentsOf: $0) }
  }

  private static func put<T: FixedWidthInteger>(_ tag: Tag, _ number: T, _ out: inout [UInt8]) {
    put(tag, &out)
    put(number, &out)
  }

  private static func put(_ bytes: [UInt8], _ out: inout [UInt8]) {
    put(UInt32(bytes.count), &out)
    out.append(contentsOf: bytes)
  }

  private static func put(
    _ tag: Tag, _ count: Int64, _ unit: TimeUnit, _ isUTC: Bool, _ out: inout [UInt8]
  ) {
    put(tag, count, &out)
    put(unit.perSecond, &out)
    out.append(isUTC ? 1 : 0)
  }

  // MARK: - Reading

  /// The value that `append` wrote.
  static func value(_ bytes: UnsafeRawBufferPointer) -> Value {
    var rest = bytes
    return take(&rest)
  }

  private static func take(_ rest: inout UnsafeRawBufferPointer) -> Value {
    guard let tag = Tag(rawValue: number(&rest)) else {
      preconditionFailure("only what append() wrote is read")
    }
    switch tag {
    case .null: return .null
    case .no: return .boolean(false)
    case .yes: return .boolean(true)
    case .integer: return .integer(number(&rest))
    case .unsigned: return .unsigned(number(&rest))
    case .float: return .float(Float(bitPattern: number(&rest)))
    case .double: return .double(Double(bitPattern: number(&rest)))
    case .decimal:
      let unscaled: Int128 = number(&rest)
      return .decimal(unscaled: unscaled, scale: Int(number(&rest) as Int64))
    case .oversize:
      let scale: Int64 = number(&rest)
      return .oversize(unscaled: bytes(&rest), scale: Int(scale))
    case .string: return .string(String(decoding: bytes(&rest), as: UTF8.self))
    case .binary: return .binary(bytes(&rest))
    case .uuid: return .uuid(bytes(&rest))
    case .date: return .date(number(&rest))
    case .time:
      let (count, unit, isUTC) = time(&rest)
      return .time(count, unit, isUTC: isUTC)
    case .timestamp:
      let (count, unit, isUTC) = time(&rest)
      return .timestamp(count, unit, isUTC: isUTC)
    case .interval:
      let months: UInt32 = number(&rest)
      let days: UInt32 = number(&rest)
      return .interval(months: months, days: days, milliseconds: number(&rest))
    case .list, .map, .structure: return takeMany(tag, &rest)
    }
  }

  private static func takeMany(_ tag: Tag, _ rest: inout UnsafeRawBufferPointer) -> Value {
    let count = Int(number(&rest) as UInt32)
    switch tag {
    case .list: return .list((0..<count).map { _ in take(&rest) })
    case .map:
      return .map(
        (0..<count).map { _ in
          let key = take(&rest)
          return Value.MapEntry(key: key, value: take(&rest))
        })
    default:
      return .structure(
        (0..<count).map { _ in
          let name = String(decoding: bytes(&rest), as: UTF8.self)
          return Value.Member(name, take(&rest))
        })
    }
  }

  private static func number<T: FixedWidthInteger & BitwiseCopyable>(
    _ rest: inout UnsafeRawBufferPointer
  ) -> T {
    let value = T(littleEndian: rest.loadUnaligned(as: T.self))
    rest = UnsafeRawBufferPointer(rebasing: rest[MemoryLayout<T>.size...])
    return value
  }

  private static func bytes(_ rest: inout UnsafeRawBufferPointer) -> [UInt8] {
    let count = Int(number(&rest) as UInt32)
    let bytes = Array(rest[..<count])
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    return bytes
  }

  private static func time(
    _ rest: inout UnsafeRawBufferPointer
  ) -> (count: Int64, unit: TimeUnit, isUTC: Bool) {
    let count: Int64 = number(&rest)
    let perSecond: Int64 = number(&rest)
    let unit = [TimeUnit.milliseconds, .microseconds].first { $0.perSecond == perSecond }
    return (count, unit ?? .nanoseconds, number(&rest) as UInt8 == 1)
  }
}
