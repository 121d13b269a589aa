import Bytes
import Catalog
import DeltaLog
import TestSupport
import Testing

@testable import Tables

/// A plan's view of the partitions that a pass reads.
@Suite struct StoredInputTests {
  private let toy: ToyTable

  init() throws {
    toy = try ToyTable()
    try toy.commit(toy.append(day: 0, 0..<10))
    try toy.commit(toy.append(day: 0, 10..<20))
    try toy.commit(toy.append(day: 2, 0..<5))
  }

  private func input() throws -> StoredInput {
    let writer = try toy.writer()
    return try StoredInput(
      toy.definition.name, snapshot: try #require(writer.snapshot), root: writer.root,
      schema: toy.definition.schema)
  }

  @Test func whatAPartitionHoldsDoesNotDependOnItsFiles() throws {
    let before = try input().fingerprint(of: "2024-01-02")
    #expect(before.rowCount == 20)
    try toy.commit(toy.compact(day: 0, 0..<20))
    #expect(try input().fingerprint(of: "2024-01-02") == before)
    try toy.commit(toy.append(day: 0, 20..<21))
    #expect(try input().fingerprint(of: "2024-01-02") != before)
    // An absent partition equals one without rows.
    #expect(try input().fingerprint(of: "2024-01-03") == PartitionFingerprint())
  }

  /// A file without tags, as other programs write it, is readable, but never counts as unchanged.
  @Test(arguments: [[String](), [AddFile.Tag.rows]])
  func filesThatDoNotSayWhatTheyHoldAreRead(kept: [String]) throws {
    let before = try input().fingerprint(of: "2024-01-02")
    let writer = try toy.writer()
    var files = try toy.files(0)
    for index in files.indices {
      files[index].tags = files[index].tags.filter { kept.contains($0.key) }
    }
    let untagged = try PartitionFingerprint(
      files: files, root: writer.root, fields: toy.definition.schema.fileFields)
    #expect(untagged == before)
  }

  @Test func anOlderVersionsHashIsValidForRowsWithoutOrdinals() throws {
    let writer = try toy.writer()
    var file = try #require(try toy.files(2).first)
    let sum = try #require(file.taggedRowHash)
    // The tag is trusted without reading the rows: a wrong one shows.
    let other = String(sum.dropLast()) + (sum.hasSuffix("0") ? "1" : "0")
    file.tags = [AddFile.Tag.rows: "5", AddFile.Tag.rowHash: other]
    let found = try PartitionFingerprint(
      files: [file], root: writer.root, fields: toy.definition.schema.fileFields)
    #expect(
      found == PartitionFingerprint(rowCount: 5, rowHash: try #require(Fingerprint(hex: other))))
  }

  @Test func purgedDatesAreThoseOfTheTablesProperty() throws {
    try set(TableProperty.purged, "2024-01-01/2024-01-02,2024-03-05/2024-03-05")
    let input = try input()
    #expect(
      ["2023-12-31", "2024-01-01", "2024-01-02", "2024-01-03", "2024-03-05"].map(input.isPurged)
        == [false, true, true, false, true])
    #expect(input.dates == ["2024-01-02", "2024-01-04"] && input.version == 3)
    #expect(input.byteCount(of: "2024-01-02") > input.byteCount(of: "2024-01-04"))
    #expect(try input.readers(of: "2024-01-02").map { try $0.rowCount() } == [10, 10])
  }

  @Test(arguments: ["2024-01-01", "2024-01-02/2024-01-01", "2024-13-01/2024-13-02", "a/b"])
  func aListOfPurgedDatesThatIsNoneIsAnError(_ text: String) throws {
    try set(TableProperty.purged, text)
    let error = #expect(throws: PassError.self) { try input() }
    #expect(error?.message.contains("'\(text)'") == true)
  }

  private func set(_ property: String, _ value: String) throws {
    let writer = try toy.writer()
    var transaction = Transaction(snapshot: writer.snapshot, storage: writer.storage)
    transaction.setProperties([property: value])
    _ = try transaction.commit()
  }

  @Test func whatWasMadeOfOtherInputsIsNotFresh() throws {
    let one = Derivation(pass: "p", version: 1, inputs: [("a", PartitionFingerprint())])
    let other = Derivation(
      pass: "p", version: 1,
      inputs: [("a", PartitionFingerprint(rowCount: 1, rowHash: Fingerprint()))])
    let newer = Derivation(pass: "p", version: 2, inputs: [("a", PartitionFingerprint())])
    var file = AddFile(path: "x", size: 1, modificationTime: 0, tags: one.tags)
    let known = UnitOrigin(file)
    #expect(one.isFresh([known]) && !other.isFresh([known]) && !newer.isFresh([known]))
    #expect(other.difference(from: [known]) == .inputs && newer.difference(from: [known]) == .pass)
    // For a unit in a file of several, only some digits are stored.
    #expect(one.isFresh([UnitOrigin(file, inputs: one.inputDigits)]))
    #expect(!other.isFresh([UnitOrigin(file, inputs: one.inputDigits)]))
    #expect(!one.isFresh([UnitOrigin(file, inputs: "")]))
    file.tags = [:]
    let foreign = UnitOrigin(file)
    #expect(!one.isFresh([foreign]) && one.difference(from: [foreign]) == .foreign)
    #expect(!one.isFresh([]))
    #expect(Set([one, other, newer].map { $0.emptyAppId(date: "2024-01-02") }).count == 3)
  }
}
