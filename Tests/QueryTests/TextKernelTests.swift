import Bytes
import Columnar
import TestSupport
import Testing

@testable import Query

/// The output of a kernel, without anything after it that could be read by mistake.
private func text(_ body: (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer) -> String {
  let buffer = ByteBuffer(capacity: 512)
  buffer.base.initializeMemory(as: UInt8.self, repeating: 0x23, count: 512)
  let end = body(buffer.base)
  return String(
    decoding: UnsafeRawBufferPointer(start: buffer.base, count: end - buffer.base), as: UTF8.self)
}

/// The digits of a number, without leading and trailing zeros.
private func significand(_ text: String) -> String {
  var digits = String(text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" })
  while digits.last == "0" { digits.removeLast() }
  return digits
}

/// Numbers at every change of length, both signs, and the limits of the range.
private let boundaryIntegers: [Int64] = {
  var values: [Int64] = [0, .min, .min + 1, .max, .max - 1]
  var power: Int64 = 1
  for _ in 0..<19 {
    for offset in -1...1 as ClosedRange<Int64> { values += [power + offset, -(power + offset)] }
    let (next, overflow) = power.multipliedReportingOverflow(by: 10)
    if overflow { break }
    power = next
  }
  return values
}()

@Suite struct TextKernelTests {
  @Test func integersPrintAllTheirDigits() {
    for value in boundaryIntegers {
      #expect(text { putSigned(value, $0) } == String(value))
      let bits = UInt64(bitPattern: value)
      #expect(text { putUnsigned(bits, $0) } == String(bits))
    }
  }

  @Test func pricesPrintExactlyAndTrimmed() {
    for value in boundaryIntegers {
      let expected = DecimalText.format(Int128(value), scale: 9, trimmed: true)
      #expect(text { putDecimal9(value, $0) } == expected)
      #expect(text { putWideDecimal(Int128(value), scale: 9, $0) } == expected)
    }
    #expect(text { putDecimal9(.min, $0) } == "-9223372036.854775808")
    #expect(text { putDecimal9(.max, $0) } == "9223372036.854775807")
    #expect(text { putDecimal9(-1, $0) } == "-0.000000001")
    #expect(text { putDecimal9(4_512_250_000_000, $0) } == "4512.25")
  }

  @Test(arguments: 0...9) func decimalsOfEveryScalePrintExactly(scale: Int) {
    var power: UInt64 = 1
    for _ in 0..<scale { power *= 10 }
    let lift = 1_000_000_000 / power
    for value in boundaryIntegers {
      let expected = DecimalText.format(Int128(value), scale: scale, trimmed: true)
      #expect(text { putDecimal(value, power: power, lift: lift, $0) } == expected)
    }
  }

  @Test(arguments: [0, 1, 18, 37, 38]) func wideDecimalsPrintExactly(scale: Int) {
    for value in [0, 1, -1, 10, -10, Int128.max, .min, Int128(Int64.max) * 10_000] {
      let expected = DecimalText.format(value, scale: scale, trimmed: true)
      #expect(text { putWideDecimal(value, scale: scale, $0) } == expected)
    }
  }

  @Test func randomValuesPrintAsTheSlowWayDoes() {
    let seed: UInt64 = 0x5EED
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let value = Int64(bitPattern: random.next()) >> Int64.random(in: 0...63, using: &random)
      #expect(text { putSigned(value, $0) } == String(value), "seed \(seed)")
      let expected = DecimalText.format(Int128(value), scale: 9, trimmed: true)
      #expect(text { putDecimal9(value, $0) } == expected, "seed \(seed)")
      if value > -8_000_000_000_000_000_000 {
        var minute = MinuteText()
        let time = text {
          minute.put(value, perSecond: 1_000_000_000, extra: 0, digits: .nanoseconds, $0)
        }
        #expect(time == TimeText.iso(nanoseconds: value, digits: 9), "seed \(seed)")
      }
    }
  }

  @Test func timesPrintTheDigitsOfTheirColumn() {
    var minute = MinuteText()
    let microseconds: Int64 = 1_704_205_800_123_456
    func put(_ digits: TimeDigits, _ extra: Int64 = 0) -> String {
      text {
        minute.put(microseconds, perSecond: 1_000_000, extra: extra, digits: digits, $0)
      }
    }
    #expect(put(.milliseconds) == "2024-01-02T14:30:00.123Z")
    #expect(put(.microseconds) == "2024-01-02T14:30:00.123456Z")
    #expect(put(.nanoseconds, 789) == "2024-01-02T14:30:00.123456789Z")
    #expect(put(.nanoseconds, 0) == "2024-01-02T14:30:00.123456000Z")
  }

  @Test(arguments: [
    (0, 0, "2024-01-02T14:30:00Z"), (500_000, 0, "2024-01-02T14:30:00.500Z"),
    (999_000, 0, "2024-01-02T14:30:00.999Z"), (123_456, 0, "2024-01-02T14:30:00.123456Z"),
    (1, 0, "2024-01-02T14:30:00.000001Z"), (0, 7, "2024-01-02T14:30:00.000000007Z"),
    (-1, 0, "2024-01-02T14:29:59.999999Z"),
  ])
  func timesOfBarsPrintTheFractionThatTheyHave(_ offset: Int64, _ extra: Int64, _ expected: String)
  {
    var minute = MinuteText()
    let printed = text {
      minute.put(
        1_704_205_800_000_000 + offset, perSecond: 1_000_000, extra: extra, digits: .seconds, $0)
    }
    #expect(printed == expected)
  }

  @Test func timesBefore1970AndBeyondYear9999Print() {
    var minute = MinuteText()
    func put(_ microseconds: Int64) -> String {
      text {
        minute.put(microseconds, perSecond: 1_000_000, extra: 0, digits: .microseconds, $0)
      }
    }
    #expect(put(-1) == "1969-12-31T23:59:59.999999Z")
    #expect(put(0) == "1970-01-01T00:00:00.000000Z")
    #expect(put(-62_167_219_200_000_000) == "0000-01-01T00:00:00.000000Z")
    #expect(put(253_402_300_799_999_999) == "9999-12-31T23:59:59.999999Z")
    #expect(put(253_402_300_800_000_000) == "+10000-01-01T00:00:00.000000Z")
    #expect(put(.max) == "+294247-01-10T04:00:54.775807Z")
    #expect(put(.min) == "-290308-12-21T19:59:05.224192Z")
  }

  @Test func doublesPrintTheShortestTextThatReadsBack() {
    let seed: UInt64 = 7
    var random = SeededGenerator(seed: seed)
    var values: [Double] = [
      0, 0.1, -0.1, 4512.25, 1e15, 1e16, 1e-9, 1e-10, .leastNonzeroMagnitude,
      1.7976931348623157e308, 1.0 / 3,
      123456.789, 1e22, 999_999.999999999, 0.3,
    ]
    for _ in 0..<20_000 {
      values.append(Double(bitPattern: random.next()))
      values.append((Double.random(in: -1e6...1e6, using: &random) * 1e4).rounded() / 1e4)
    }
    for value in values where value.isFinite {
      let printed = text { putDouble(value, $0) }
      #expect(Double(printed) == value, "seed \(seed)")
      #expect(significand(printed) == significand(value.description), "seed \(seed)")
    }
    #expect(text { putDouble(0.1, $0) } == "0.1")
    #expect(text { putDouble(4512.25, $0) } == "4512.25")
    #expect(text { putDouble(-0.0, $0) } == "-0")
    #expect(text { putDouble(.nan, $0) } == "NaN")
    #expect(text { putDouble(-.infinity, $0) } == "-Infinity")
    #expect(text { putFloat(Double(Float(0.1)), $0) } == "0.1")
  }

  @Test func textIsQuotedOnlyWhereItMustBe() {
    func csv(_ value: String) -> String {
      Array(value.utf8).withUnsafeBytes { raw in
        text { out in
          let start = raw.baseAddress ?? UnsafeRawPointer(out)
          return TextEscape.putDelimited(start, raw.count, separator: 0x2C, out)
        }
      }
    }
    #expect(csv("ESZ5") == "ESZ5")
    #expect(csv("a,b") == "\"a,b\"")
    #expect(csv("say \"x\"") == "\"say \"\"x\"\"\"")
    #expect(csv("two\nlines") == "\"two\nlines\"")
    #expect(csv("") == "\"\"")
    #expect(csv("ünïcode") == "ünïcode")
  }

  @Test func jsonTextIsEscapedAndRepaired() {
    func json(_ bytes: [UInt8]) -> String {
      bytes.withUnsafeBytes { raw in
        text { out in
          let start = raw.baseAddress ?? UnsafeRawPointer(out)
          return TextEscape.putJSON(start, raw.count, out)
        }
      }
    }
    #expect(json(Array("a\"b\\c\n\t\u{1}é".utf8)) == "\"a\\\"b\\\\c\\n\\t\\u0001é\"")
    #expect(json([0x61, 0xFF, 0x62]) == "\"a\u{FFFD}b\"")
    #expect(json([]) == "\"\"")
  }

  @Test func binaryPrintsAsBase64() {
    func base64(_ value: String) -> String {
      Array(value.utf8).withUnsafeBytes { raw in
        text { out in
          Base64.write(raw.baseAddress ?? UnsafeRawPointer(out), raw.count, to: out)
        }
      }
    }
    #expect(
      ["", "f", "fo", "foo", "foob"].map(base64) == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="])
  }
}
