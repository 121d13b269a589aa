import Testing

@testable import Ingest

@Suite struct DBNNameTests {
  @Test(
    "the last suffix of a name says whether it is DBN",
    arguments: [
      ("a/x.trades.dbn.zst", true), ("x.DBN", true), ("x.dbn.frag", true), ("x.dbz", true),
      ("x.dbn.csv", false), ("x.dbn.csv.gz", false), ("x.dbn/y.csv", false), ("dbn", false),
      ("x.dbn.parquet", false),
    ])
  func names(_ path: String, _ isDBN: Bool) {
    #expect(DBNSource.isNamed(path) == isDBN)
  }
}
