import Bytes
import Testing

@Suite struct Z85Tests {
  /// The specification's own example.
  @Test func decodesTheExampleOfTheSpecification() {
    #expect(
      Z85.decode("HelloWorld".utf8) == [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B])
    #expect(Z85.decode("".utf8) == [])
    #expect(Z85.decode("#####".utf8) == nil, "more than 32 bits")
    #expect(Z85.decode("%nSc0".utf8) == [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(Z85.decode("%nSc1".utf8) == nil, "one more than 32 bits hold")
  }

  @Test func aTextOfAnotherLengthEndsInFewerBytes() {
    #expect(Z85.decode("##093".utf8) == [3, 0])
    #expect(Z85.decode("Hello##093".utf8) == [0x86, 0x4F, 0xD2, 0x6F, 3, 0])
    #expect(Z85.decode("###30".utf8) == [255])
    #expect(Z85.decode("###31".utf8) == nil, "one more than a byte holds")
    #expect(Z85.decode("#0093".utf8) == [0, 3, 0])
    for text in ["####3", "#####", "######", "##########"] {
      #expect(Z85.decode(text.utf8) == nil)
    }
    #expect(Z85.decode("##".utf8) == nil, "digits are missing")
    #expect(Z85.decode("##093Hello".utf8) == nil, "not the last digits")
    #expect(Z85.decode("Hel#o".utf8) != nil, "a digit like others elsewhere")
  }

  @Test(arguments: ["Hell", "HelloW", "Hel o", "Hell\"", "Hell\u{e4}", "Hel,o"])
  func refusesWhatIsNoText(_ text: String) { #expect(Z85.decode(text.utf8) == nil) }
}
