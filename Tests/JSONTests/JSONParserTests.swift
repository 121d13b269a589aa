import Foundation
import JSON
import TestSupport
import Testing

@Suite struct JSONParserTests {
  @Test(arguments: [
    ("null", "null"), (" true ", "true"), ("false", "false"), ("0", "0"), ("-0", "-0"),
    ("1.0e+06", "1.0e+06"), ("-12.50E-3", "-12.50E-3"), ("[]", "[]"), ("{}", "{}"),
    ("[1, 2 ,3]", "[1,2,3]"), ("{ \"b\" : 1 , \"a\" : [ { } ] }", "{\"b\":1,\"a\":[{}]}"),
    ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
    ("\"\\u00e9\\u0041\\n\\/\"", "\"éA\\n/\""), ("\"\\ud83d\\ude00\"", "\"😀\""),
    ("\"\\u0000\\u001f\\\"\\\\\"", "\"\\u0000\\u001f\\\"\\\\\""), ("\"🎈\u{7f}\"", "\"🎈\u{7f}\""),
    ("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"), ("\t\r\n [\n]", "[]"),
  ])
  func readsWhatRFC8259Allows(text: String, expected: String) throws {
    #expect(try JSONValue(parsing: text).description == expected)
  }

  @Test(arguments: [
    ("", JSONError.Code.truncated, 0), ("  ", .truncated, 2), ("[1,]", .syntax, 3),
    ("{\"a\":1,}", .syntax, 7), ("[1 2]", .syntax, 3), ("01", .syntax, 1), ("-", .truncated, 1),
    ("1.", .truncated, 2), (".5", .syntax, 0), ("+1", .syntax, 0), ("1e", .truncated, 2),
    ("1e+x", .syntax, 3), ("nul", .truncated, 3), ("nulL", .syntax, 3), ("NaN", .syntax, 0),
    ("'a'", .syntax, 0), ("\"a", .truncated, 2), ("\"\\x\"", .syntax, 1), ("{a:1}", .syntax, 1),
    ("\"\\u12g4\"", .syntax, 5), ("\"\\ud800\"", .encoding, 1), ("\"\\udc00\"", .encoding, 1),
    ("\"\\ud800\\u0041\"", .encoding, 1), ("\"\\ud83d\\", .truncated, 8),
    ("\"\\u12", .truncated, 5),
    ("\"\t\"", .syntax, 1), ("[", .truncated, 1), ("{\"a\"", .truncated, 4),
    ("{\"a\" 1}", .syntax, 5), ("1 1", .syntax, 2), ("[1]]", .syntax, 3), ("{\"a\":}", .syntax, 5),
    ("[,1]", .syntax, 1), ("\u{FEFF}1", .syntax, 0), ("[1}", .syntax, 2), ("// c", .syntax, 0),
  ])
  func refusesWithTheOffset(text: String, code: JSONError.Code, offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.code == code)
    #expect(error?.offset == offset)
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xC3],
      [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82],
      [0xFF], [0xE2, 0x28, 0xA1], [0xF0, 0x9F, 0x98, 0x28],
    ] as [[UInt8]])
  func refusesWhatIsNotUTF8(sequence: [UInt8]) {
    let text: [UInt8] = [0x22, 0x61] + sequence + [0x22]
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text + text) }
    #expect(error?.code == .encoding)
    #expect(error?.offset == 2)
  }

  @Test func acceptsTheBoundariesOfUTF8() throws {
    for scalar in [0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF] {
      let text = String(try #require(Unicode.Scalar(UInt32(scalar))))
      #expect(try JSONValue(parsing: JSONWriter.quoted(text)).string == text)
    }
  }

  @Test func limitsTheDepth() throws {
    let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    #expect(try JSONValue(parsing: deep).description == deep)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[" + deep + "]") }
    #expect(error?.code == .depth)
    #expect(error?.offset == 128)
    let hostile = String(repeating: "{\"a\":", count: 1_000_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: hostile) }
  }

  @Test(arguments: boundarySizes)
  func findsTheEndOfAStringAtEveryPosition(size: Int) throws {
    for special in ["", "\\\"", "\\n", "é", "😀", "\\u00e9"] {
      for lead in [0, size / 2, size] {
        let content =
          String(repeating: "x", count: lead) + special + String(repeating: "y", count: size - lead)
        let expected = try #require(
          try JSONSerialization.jsonObject(
            with: Data("[\"\(content)\"]".utf8)) as? [String])
        let value = try JSONValue(parsing: "[\"\(content)\", 1]")
        #expect(value.array?.first?.string == expected[0])
        #expect(value.array?.count == 2)
      }
    }
  }

  @Test func roundTripsRandomTrees() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let value = randomValue(&random, depth: 4)
      #expect(try JSONValue(parsing: value.description) == value)
      let peer = try JSONSerialization.jsonObject(
        with: Data(value.description.utf8), options: .fragmentsAllowed)
      #expect(peer is NSNull || JSONSerialization.isValidJSONObject([peer]))
    }
  }

  @Test func neverReadsBeyondATruncatedText() {
    let text = Array("{\"a\":[1.5e3,\"x\\u00e9\\ud83d\\ude00é\",true,null],\"b\":{}}".utf8)
    for length in 0..<text.count {
      // A copy of exactly that length, so that an over-read leaves the allocation.
      let part = Array(text[..<length])
      #expect(throws: JSONError.self) { try JSONValue(parsing: part) }
    }
    #expect(throws: Never.self) { try JSONValue(parsing: text) }
  }

  @Test func survivesRandomDamage() {
    let text = Array("{\"add\":{\"path\":\"a%20b\",\"size\":12,\"stats\":\"{\\\"n\\\":1}\"}}".utf8)
    var random = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      var damaged = text
      for _ in 0...Int.random(in: 0..<3, using: &random) {
        damaged[Int.random(in: 0..<text.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      _ = try? JSONValue(parsing: damaged)
    }
  }

  @Test func pullsMembersInAnyOrder() throws {
    let text =
      "{\"x\":{\"deep\":[1,{\"y\":\"]}\"}]},\"size\":42,\"ok\":true,\"name\":null,\"p\":\"a\\tb\"}"
    var size: Int64 = 0
    var isOK = false
    var hadNull = false
    var path = ""
    var skipped = ""
    try Array(text.utf8).withUnsafeBytes { bytes in
      var parser = JSONParser(bytes)
      try parser.beginObject()
      while let key = try parser.nextKey() {
        if key.equals("size") {
          size = try parser.integer()
        } else if key.equals("ok") {
          isOK = try parser.boolean()
        } else if key.equals("name") {
          hadNull = try parser.skipNull()
        } else if key.equals("p") {
          path = try parser.string()
        } else {
          skipped = String(decoding: try parser.skipValue(), as: UTF8.self)
        }
      }
      try parser.finish()
    }
    #expect(size == 42 && isOK && hadNull)
    #expect(path == "a\tb")
    #expect(skipped == "{\"deep\":[1,{\"y\":\"]}\"}]}")
  }

  @Test(arguments: [
    ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("-0", 0), ("7", 7),
  ])
  func readsIntegersToTheirEnds(text: String, expected: Int64) throws {
    #expect(try integer(text) == expected)
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "1.0", "1e3",
    "1\(String(repeating: "0", count: 90))",
  ])
  func refusesNumbersThatAreNo64BitIntegers(text: String) {
    let error = #expect(throws: JSONError.self) { try integer(text) }
    #expect(error?.code == .range)
  }

  @Test func saysWhatItFoundInstead() {
    let error = #expect(throws: JSONError.self) { try integer("\"7\"") }
    #expect(error?.message == "a string where a number should be")
    #expect(error?.placeText == "byte 0")
  }

  @Test func keepsOneMemberAKeyInLargeObjects() throws {
    let members = (0..<40).map { "\"k\($0 % 30)\":\($0)" }.joined(separator: ",")
    var object = try #require(try JSONValue(parsing: "{\(members)}").object)
    #expect(object.count == 30)
    #expect(object["k5"]?.int64 == 35)
    #expect(object["k20"]?.int64 == 20)
    object["k3"] = nil
    #expect(object["k3"] == nil)
    #expect(object.count == 29)
    for index in 4..<30 { object["k\(index)"] = nil }
    #expect(object.keys == ["k0", "k1", "k2"])
    #expect(object["k2"]?.int64 == 32)
  }

  private func integer(_ text: String) throws -> Int64 {
    try Array(text.utf8).withUnsafeBytes { bytes in
      var parser = JSONParser(bytes)
      let value = try parser.integer()
      try parser.finish()
      return value
    }
  }

  private func randomValue(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth == 0 ? 4 : 6), using: &random) {
    case 0: return .null
    case 1: return .boolean(.random(using: &random))
    case 2: return .number("\(Int64.random(in: .min ... .max, using: &random))")
    case 3: return .string(randomText(&random))
    case 4:
      return .array(
        (0..<Int.random(in: 0..<5, using: &random)).map { _ in
          randomValue(&random, depth: depth - 1)
        })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0..<20, using: &random) {
        object[randomText(&random)] = randomValue(&random, depth: depth - 1)
      }
      return .object(object)
    }
  }

  private func randomText(_ random: inout SeededGenerator) -> String {
    let scalars: [Unicode.Scalar] = [
      "a", "\"", "\\", "\n", "\u{1}", "é", "€", "😀", "/", " ", "\u{7f}",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0..<12, using: &random) {
      text.unicodeScalars.append(scalars.randomElement(using: &random) ?? "a")
    }
    return text
  }
}
