import HTTP
import Testing

@Suite struct RedactorTests {
  @Test func allFormsOfAKeyGo() {
    let redactor = Redactor([Secret("a b/c"), Secret("other")])
    #expect(redactor.redact("x a b/c y a%20b%2Fc z YSBiL2M6 other") == "x *** y *** z *** ***")
    #expect(redactor.redact("nothing here") == "nothing here")
    #expect(Redactor([Secret("")]).redact("text") == "text")
  }

  @Test func aSecretShowsNothingOfItself() {
    let secret = Secret("s3cret", origin: "VARIABLE")
    var text = "\(secret) \(String(reflecting: secret)) \([secret]) \(Optional(secret) as Any)"
    dump(secret, to: &text)
    dump(HTTPRequest(.get, "https://a.example/", credential: .bearer(secret)), to: &text)
    #expect(!text.contains("s3cret"))
    #expect(text.contains("***"))
  }

  @Test func encodesAllButWhatIsSafe() {
    #expect(PercentEncoding.encode("aZ9-._~ &=/+é") == "aZ9-._~%20%26%3D%2F%2B%C3%A9")
    #expect(PercentEncoding.encode([("a b", "c&d"), ("e", "")]) == "a%20b=c%26d&e=")
  }
}
