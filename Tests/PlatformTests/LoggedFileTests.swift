import Foundation
import Testing

@testable import Platform

/// How tables are named in suggestions.
@Suite struct LoggedFileTests {
  private let folder: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "lake-\(UUID().uuidString)")
    folder = url.path
    for name in ["lk/raw/x/_delta_log", "lk/raw/x/date=2024-01-02", "other/my table/_delta_log"] {
      try FileManager.default.createDirectory(
        atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
  }

  @Test func tablesOfTheLakeGoByNameAndOthersByPath() {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/lk/raw/x/date=2024-01-02/part-1.parquet"
    let other = folder + "/other/my table/part-1.parquet"
    #expect(LoggedFile.isOne(file) && LoggedFile.isOne(other))
    #expect(!LoggedFile.isOne(folder + "/lk/x.parquet"))
    #expect(LoggedFile.table(of: file) == folder + "/lk/raw/x")
    LoggedFile.useNames(of: folder + "/lk")
    #expect(LoggedFile.table(of: file) == "raw.x")
    #expect(LoggedFile.table(in: folder + "/lk/raw/x") == "raw.x")
    #expect(LoggedFile.table(of: other) == "'\(folder)/other/my table'")
    #expect(LoggedFile.missingRemedy(file).contains("lake restore raw.x --version N"))
    #expect(LoggedFile.missingRemedy(file).contains("lake history raw.x"))
    // Nothing but a query works on a table outside a lake.
    #expect(!LoggedFile.missingRemedy(other).contains("restore"))
    #expect(LoggedFile.damagedRemedy(file).contains("lake parquet \(file) --verify"))
  }
}
