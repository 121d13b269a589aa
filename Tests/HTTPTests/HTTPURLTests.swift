import HTTP
import Testing

@Suite struct HTTPURLTests {
  @Test(arguments: [
    "https://a.example@b.example/", "ftp://a.example/", "https:///x", "https://a.example:0/",
    "https://a.example:99999/", "https://a b/", "https://a.example\\@b.example/", "https://a%2eb/",
    "a.example/x", "", "https://a.example/\u{7}", "https://[::1/x", "https://a.example:+1/",
  ]) func refusesWhatCouldMeanTwoServers(text: String) {
    #expect(HTTPURL(text) == nil)
  }
}
