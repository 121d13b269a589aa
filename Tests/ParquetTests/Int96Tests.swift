import Columnar
import Foundation
import Testing

@testable import Parquet

/// INT96 times in rewritten files: each keeps its value.
@Suite struct Int96Tests {
  /// Microseconds since 1970, and the remaining nanoseconds.
  struct Time: Sendable {
    var micro: Int64
    var rest: Int64

    init(_ micro: Int64, _ rest: Int64) { (self.micro, self.rest) = (micro, rest) }

    var nanoseconds: Int128 { Int128(micro) * 1_000 + Int128(rest) }
  }

  private static let noon = Time(1_704_164_645_123_456, 789)
  private static let far = Time(253_402_300_799_999_999, 0)
  private static let epoch = Time(0, 0)

  private static let fitting: [([Time], Int96Form)] = [
    ([noon, epoch], .nanoseconds), ([far, epoch], .microseconds), ([far, noon], .int96),
    ([], .nanoseconds), ([Time(.max, 999)], .int96),
    ([Time(9_223_372_036_854_775, 807)], .nanoseconds),
    ([Time(9_223_372_036_854_775, 808)], .int96),
    ([Time(-9_223_372_036_854_776, 192)], .nanoseconds),
    ([Time(-9_223_372_036_854_776, 0)], .microseconds),
  ]

  private static let rewritten: [([Time], PhysicalType, TimeUnit?)] = [
    ([noon], .int64, .nanoseconds), ([far], .int64, .microseconds), ([far, noon], .int96, nil),
  ]

  private func stored(_ time: Time) throws -> [UInt8] {
    var column = ByteColumn()
    #expect(Int96.append(microseconds: time.micro, remainder: time.rest, to: &column))
    return column.bytes
  }

  @Test func storedBytesAreThoseOfTheFormat() throws {
    // The first instant of 1970, and the one before it: Julian days 2440588 and 2440587.
    #expect(try stored(Self.epoch) == [0, 0, 0, 0, 0, 0, 0, 0, 0x8C, 0x3D, 0x25, 0])
    let last = withUnsafeBytes(of: Int64(86_399_999_999_999).littleEndian) { Array($0) }
    #expect(try stored(Time(-1, 999)) == last + [0x8B, 0x3D, 0x25, 0])
    for time in [Self.noon, Self.far, Time(.max, 999), Time(-62_135_596_800_000_000, 1)] {
      let nanoseconds = try stored(time).withUnsafeBytes { Int96.nanoseconds($0) }
      #expect(nanoseconds == time.nanoseconds)
    }
  }

  @Test func aTimeBeforeAllJulianDaysIsNotStored() {
    var column = ByteColumn()
    #expect(!Int96.append(microseconds: .min, remainder: 0, to: &column))
    #expect(column.count == 0)
  }

  @Test(arguments: fitting)
  func theFormIsTheFirstThatHoldsAllTimes(times: [Time], form: Int96Form) throws {
    var byParts = Int96Reach()
    var byBytes = Int96Reach()
    for time in times {
      byParts.take(microseconds: time.micro, remainder: time.rest)
      try stored(time).withUnsafeBytes { byBytes.take($0) }
    }
    #expect(byParts.form == form)
    #expect(byBytes.form == form)
  }

  @Test(arguments: rewritten)
  func aRewrittenFileKeepsThem(times: [Time], type: PhysicalType, unit: TimeUnit?) throws {
    var flat = NestedField("flat", .binary(fixed: 12))
    flat.isInt96 = true
    let writer = try NestedParquetWriter(
      inMemory: [NestedField("id", .long), flat], options: .init())
    for time in times {
      try writer.append([.integer(1), .binary(stored(time))])
      try writer.append([.integer(2), .null])
    }
    let reader = try ParquetReader(bytes: writer.finishInMemory().bytes, name: "old")
    #expect(reader.leaves[1].physicalType == .int96)
    let path = NSTemporaryDirectory() + "lake-int96-\(UUID().uuidString).parquet"
    // It may not exist.
    defer { try? FileManager.default.removeItem(atPath: path) }
    try ParquetRewriter(reader: reader).write(toPath: path)
    let new = try ParquetReader(path: path)
    #expect(new.leaves[1].physicalType == type)
    if let unit { #expect(new.leaves[1].type == .timestamp(unit, isUTC: false)) }
    let cursor = try new.rows(rowGroup: 0)
    for time in times {
      guard case .timestamp(let count, let unit, _)? = try cursor.next()?.last else {
        Issue.record("no time")
        return
      }
      #expect(Int128(count) * Int128(1_000_000_000 / unit.perSecond) == time.nanoseconds)
      #expect(try cursor.next()?.last == .null)
    }
  }
}
