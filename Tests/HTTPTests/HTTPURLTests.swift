import HTTP
import Testing

@Suite struct HTTPURLTests {
  @Test(arguments: [
    "https://a.example@b.example/", "ftp://a.example/", "https:///x", "https://a.example:0/",
    "https://a.example:99999/", "https://a b/", "https://a.example\\@b.example/", "https://a%2eb/",
    "a.example/x", "", "https://a.example/\u{7}", "https://[::1/x", "https://a.example:+1/",
    "https://[::1]x/", "https://ä.example/", "https:/a.example/",
    "https://a/" + String(repeating: "x", count: HTTPURL.byteCountMax),
  ]) func refusesWhatCouldMeanTwoServers(text: String) {
    #expect(HTTPURL(text) == nil)
  }

  @Test func readsTheParts() throws {
    let url = try #require(HTTPURL("HTTPS://Api.Example:8443/v1/x?a=1#part"))
    #expect(url.isEncrypted && url.host == "api.example" && url.port == 8443)
    #expect(url.target == "/v1/x?a=1")
    #expect(url.text == "https://api.example:8443/v1/x?a=1")
    #expect(HTTPURL("https://a.example")?.text == "https://a.example/")
    #expect(HTTPURL("https://a.example?x=1")?.target == "/?x=1")
    #expect(HTTPURL("http://[::1]:80/")?.text == "http://[::1]/")
  }

  @Test func sameServerIsSchemeHostAndPort() throws {
    let url = try #require(HTTPURL("https://api.example/v1"))
    for same in ["https://api.example/x", "https://API.example:443/y?z"] {
      #expect(HTTPURL(same).map(url.isSameServer) == true)
    }
    for other in ["http://api.example/x", "https://api.example:444/", "https://api.example.org/"] {
      #expect(HTTPURL(other).map(url.isSameServer) == false)
    }
  }

  @Test func onlyNumbersAndNamesOfThisMachineAreLoopback() {
    for text in ["http://localhost:1/", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/"] {
      #expect(HTTPURL(text)?.isLoopback == true)
    }
    for text in ["http://127.0.0.1.example/", "http://localhost.example/", "http://127.1/"] {
      #expect(HTTPURL(text)?.isLoopback == false)
    }
  }

  @Test func resolvesReferencesAsTheyAreMeant() throws {
    let url = try #require(HTTPURL("https://api.example/v1/x?a=1"))
    #expect(url.resolving("/v2")?.text == "https://api.example/v2")
    #expect(url.resolving("//b.example/v2")?.text == "https://b.example/v2")
    #expect(url.resolving("https://b.example/")?.host == "b.example")
    #expect(url.resolving("v2") == nil)
  }
}
