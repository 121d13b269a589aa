import JSON
import Testing

@Suite struct JSONWriterTests {
  @Test func putsCommasWhereTheyBelong() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("a")
    writer.beginArray()
    writer.integer(1)
    writer.string("x")
    writer.beginArray()
    writer.endArray()
    writer.null()
    writer.endArray()
    writer.key("b")
    writer.boolean(true)
    writer.key("c")
    writer.double(0.1)
    writer.key("d")
    writer.raw("{\"e\":1}".utf8)
    writer.endObject()
    writer.newline()
    writer.value(.object(JSONObject([("z", .integer(1)), ("a", .number("1.50"))])))
    #expect(
      writer.string == """
        {"a":[1,"x",[],null],"b":true,"c":0.1,"d":{"e":1}}
        {"z":1,"a":1.50}
        """)
  }

  @Test func escapesWhatMustBeEscaped() {
    #expect(JSONWriter.quoted("a\"b\\c\n\r\t\u{8}\u{c}\u{1}/é") == #""a\"b\\c\n\r\t\b\f\u0001/é""#)
  }
}
