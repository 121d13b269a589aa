import Platform
import Testing

@Suite struct NearestNamesTests {
  private let names = ["open", "high", "low", "close", "volume"]

  @Test func theNearestComesFirst() {
    #expect(NearestNames.near("clsoe", among: names) == ["close"])
    #expect(NearestNames.near("Volume", among: names) == ["volume"])
    #expect(NearestNames.near("xyzzy", among: names) == [])
    #expect(NearestNames.near("vol", among: names).contains("volume"))
  }

  @Test func aQuestionNamesThem() {
    #expect(NearestNames.question("opne", among: names) == "did you mean 'open'?")
    #expect(NearestNames.question("xyzzy", among: names) == nil)
  }
}
