import Testing

@testable import Ingest

@Suite struct ExtraMembersTests {
  @Test(arguments: [
    (#"{"vw":1.2}"#, #"{"vw":1.3}"#), (#"{"a":1,"b":"x"}"#, #"{"b":"y"}"#),
    (#"{"a":null}"#, #"{"a":0}"#), (#"{"a":[1]}"#, #"{"a":[2]}"#), (#"{"a":-1}"#, #"{"a":1}"#),
    (#"{"a":10}"#, #"{"a":1}"#), ("no object", "another"),
  ])
  func otherValuesOfOneMemberDiffer(left: String, right: String) {
    #expect(ExtraMembers.differ(left, right) && ExtraMembers.differ(right, left))
  }

  @Test(arguments: [
    (#"{"vw":1.20}"#, #"{"vw":1.2}"#), (#"{"vw":"1.2"}"#, #"{"vw":1.2}"#),
    (#"{"a":1e3}"#, #"{"a":1000.0}"#), (#"{"a":1}"#, #"{"b":2}"#), (#"{"a":-0}"#, #"{"a":0.0}"#),
    (#"{"b":2,"a":1}"#, #"{"a":1,"b":2,"c":3}"#), (#"{"ts_out":1}"#, #"{"ts_out":2}"#),
  ])
  func whatOneOfThemLacksAndOtherSpellingsAreTheSame(left: String, right: String) {
    #expect(!ExtraMembers.differ(left, right) && !ExtraMembers.differ(right, left))
  }
}
