import HTTP
import Testing

@Suite struct RedactorTests {
  @Test func allFormsOfAKeyGo() {
    let redactor = Redactor([Secret("a b/c"), Secret("other")])
    #expect(redactor.redact("x a b/c y a%20b%2Fc z YSBiL2M6 other") == "x *** y *** z *** ***")
    #expect(redactor.redact("nothing here") == "nothing here")
    #expect(Redactor([Secret("")]).redact("text") == "text")
  }

  @Test(arguments: [
    "a b/c+d", "a%20b%2Fc%2Bd", "a%20b%2fc%2bd", "%61 b/c+d", "a%2520b%252Fc%252Bd",
    "a b\\/c+d", "a b\\u002fc+d", "a b&#47;c&#x2B;d", "YSBiL2MrZDo=", "YSBiL2MrZDo", "YSBiL2MrZA==",
  ])
  func aKeyGoesHoweverItIsWritten(form: String) {
    let redactor = Redactor([Secret("a b/c+d")])
    #expect(redactor.redact("x \(form) y") == "x *** y")
    #expect(redactor.redact(form) == "***")
  }

  @Test func aKeyIsTakenOutBeforeATextIsCut() {
    let redactor = Redactor([Secret("db-0123456789abcdef")])
    for count in 480...505 {
      let text = String(repeating: "x", count: count) + "db-0123456789abcdef"
      let shown = redactor.redact(text, characterCountMax: 500)
      #expect(!shown.contains("db-"), "\(shown)")
      #expect(shown.count <= 501)
    }
  }

  @Test func aKeyThatIsCutOffGoesToo() {
    let redactor = Redactor([Secret("db-0123456789abcdef")])
    #expect(redactor.redact("your key db-01234", isCut: true) == "your key ***")
    #expect(redactor.redact("your key db-01234") == "your key db-01234")
    #expect(redactor.redact("db", isCut: true) == "db")
  }

  @Test(arguments: [
    ("https://KEY@host/v0", "https://***@host/v0"),
    ("at 'https://user:pa@ss@host:1/v0', twice", "at 'https://***@host:1/v0', twice"),
    ("https://host/v0?apiKey=KEY&limit=5", "https://host/v0?apiKey=***&limit=5"),
    ("https://host/?x=1&access_token=KEY#top", "https://host/?x=1&access_token=***#top"),
    ("https://host/v3?ticker=A@B&x=c", "https://host/v3?ticker=A@B&x=c"),
    ("mail a@b.example", "mail a@b.example"),
    ("https://a/?sig=1 and https://K@b/", "https://a/?sig=*** and https://***@b/"),
  ])
  func addressesLoseWhatIsSecretInThem(text: String, shown: String) {
    #expect(AddressText.redacted(text) == shown)
    #expect(Redactor([]).redact(text) == shown)
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
