import Testing

@testable import Ingest

@Suite struct ExtraMembersTests {
  @Test(arguments: [
    (#"{"vw":1.2}"#, #"{"vw":1.3}"#), (#"{"a":1,"b":"x"}"#, #"{"b":"y"}"#),
    (#"{"a":null}"#, #"{"a":0}"#), (#"{"a":[1]}"#, #"{"a":[2]}"#), (#"{"a":-1}"#, #"{"a":1}"#),
    (#"{"a":10}"#, #"{"a":1}"#), ("no object", "another"),
  ])
  func otherValuesOfOneMemberDiffer(left: String, right: String) {
    #expect(ExtraMembers.relation(of: left, to: right) == .contrary)
    #expect(ExtraMembers.relation(of: right, to: left) == .contrary)
  }

  @Test(arguments: [
    (#"{"vw":1.20}"#, #"{"vw":1.2}"#), (#"{"vw":"1.2"}"#, #"{"vw":1.2}"#),
    (#"{"a":1e3}"#, #"{"a":1000.0}"#), (#"{"a":-0}"#, #"{"a":0.0}"#),
    (#"{"b":2,"a":1}"#, #"{"a":1,"b":2}"#), (#"{"ts_out":1}"#, #"{"ts_out":2}"#), ("no", "no"),
  ])
  func otherSpellingsAreTheSame(left: String, right: String) {
    #expect(ExtraMembers.relation(of: left, to: right) == .same)
    #expect(ExtraMembers.relation(of: right, to: left) == .same)
  }

  @Test func aMemberThatOneRowLacksIsMoreInformation() {
    let (one, both) = (#"{"a":1}"#, #"{"b":2,"a":1}"#)
    #expect(ExtraMembers.relation(of: both, to: one) == .more)
    #expect(ExtraMembers.relation(of: one, to: both) == .less)
    #expect(ExtraMembers.relation(of: one, to: #"{"b":2}"#) == .other)
  }
}
