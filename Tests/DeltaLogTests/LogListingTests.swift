import TestSupport
import Testing

@testable import DeltaLog

/// The log's content is determined by its file names, which may be anything.
@Suite struct LogListingTests {
  @Test(arguments: [
    ("00000000000000000000.json", LogFile.commit(version: 0)),
    ("00000000000000012305.json", .commit(version: 12305)),
    ("09223372036854775807.json", .commit(version: .max)),
    ("09223372036854775808.json", .other), ("99999999999999999999.json", .other),
    ("0000000000000000001.json", .other), ("000000000000000000012.json", .other),
    ("0000000000000000001x.json", .other), ("+0000000000000000001.json", .other),
    ("00000000000000000001.JSON", .other), ("00000000000000000001.json.tmp", .other),
    ("00000000000000000001", .other), ("00000000000000000001.crc", .other), ("", .other),
    ("_last_checkpoint", .other), (".00000000000000000001.json.tmp", .other),
    ("00000000000000000010.checkpoint.parquet", .checkpoint(version: 10)),
    (
      "00000000000000000010.checkpoint.0000000002.0000000003.parquet",
      .checkpointPart(version: 10, part: 2, count: 3)
    ),
    ("00000000000000000010.checkpoint.2.3.parquet", .other),
    (
      "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
      .checkpointV2(
        version: 10,
        name: "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json")
    ),
    ("00000000000000000010.checkpoint.80a083e8.json", .other),
    ("00000000000000000004.00000000000000000006.compacted.json", .compacted),
  ])
  func aFilesNameDeterminesItsKind(name: String, file: LogFile) {
    #expect(LogFile(name: name) == file)
  }

  @Test func commitsAreInOrderHoweverTheFolderListsThem() throws {
    var random = SeededGenerator(seed: 3)
    for spread in [1, 3, 40, 1 << 40] {
      let builder = TableBuilder()
      var versions: Set<Int> = [0]
      for _ in 0..<200 { versions.insert(Int.random(in: 0...(200 * spread), using: &random)) }
      for version in versions.shuffled(using: &random) {
        builder.storage.set(LogFile.commitPath(version), [0x7B, 0x7D])
      }
      let listing = try LogListing(builder.storage)
      #expect(listing.commits == versions.sorted())
      #expect(listing.latest == versions.max())
    }
  }
}
