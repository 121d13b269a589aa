import Foundation
import TestSupport
import Testing

@testable import DeltaLog

@Suite struct DataFolderTests {
  private func file(_ path: String) -> AddFile {
    AddFile(path: path, size: 1, modificationTime: 1)
  }

  /// A table with a file of its own, beside an unrelated folder.
  private func scene() throws -> (TemporaryFolder, table: String, outside: String) {
    let folder = TemporaryFolder()
    let files = FileManager.default
    let (table, outside) = (folder.path + "/table", folder.path + "/outside")
    try files.createDirectory(
      atPath: table + "/date=2024-01-02", withIntermediateDirectories: true)
    try files.createDirectory(atPath: outside, withIntermediateDirectories: true)
    for path in [table + "/date=2024-01-02/a.parquet", outside + "/s.parquet"] {
      _ = files.createFile(atPath: path, contents: Data([1]))
    }
    return (folder, table, outside)
  }

  @Test func aFileOfTheTableIsFoundHoweverItsPathIsSpelt() throws {
    let (folder, table, _) = try scene()
    defer { withExtendedLifetime(folder) {} }
    let data = DataFolder(root: table)
    for path in [
      "date=2024-01-02/a.parquet", "date%3D2024-01-02/a.parquet", "./date=2024-01-02//a.parquet",
      "date=2024-01-02/../date=2024-01-02/a.parquet", table + "/date=2024-01-02/a.parquet",
      "file://" + table + "/date=2024-01-02/a.parquet",
    ] {
      let found = try data.path(of: file(path))
      #expect(FileManager.default.fileExists(atPath: found), "\(path)")
    }
    // Missing files are reported by the reader.
    #expect(
      try data.path(of: file("date=2024-01-03/b.parquet")) == table + "/date=2024-01-03/b.parquet")
  }

  @Test func aPathThatLeavesTheTableIsRefusedUnlessItIsAllowed() throws {
    let (folder, table, outside) = try scene()
    defer { withExtendedLifetime(folder) {} }
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: table + "/l.parquet", withDestinationPath: outside + "/s.parquet")
    try files.createSymbolicLink(atPath: table + "/linked", withDestinationPath: outside)
    try files.createSymbolicLink(atPath: table + "/nowhere", withDestinationPath: outside + "/no")
    for path in [
      "../outside/s.parquet", "a/../../outside/s.parquet", "%2e%2e/outside/s.parquet",
      "..%2Foutside%2Fs.parquet", outside + "/s.parquet", "file://" + outside + "/s.parquet",
      "file:" + outside + "/s.parquet", "file://evil.host" + outside + "/s.parquet",
      "l.parquet", "linked/s.parquet", "nowhere",
      "/etc/passwd", "/nowhere/at/all", "../table2/x", outside,
      table + "2/x.parquet",
    ] {
      let error = #expect(throws: DeltaError.self, "\(path)") {
        try DataFolder(root: table).path(of: file(path))
      }
      #expect(error?.code == .refused, "\(path)")
      #expect(error?.remedy?.contains("--allow-outside") == true)
      #expect(error?.message.contains("lies outside its table") == true)
    }
    let trusting = DataFolder(root: table, allowsOutside: true)
    #expect(try trusting.path(of: file(outside + "/s.parquet")) == outside + "/s.parquet")
    #expect(try trusting.path(of: file("../outside/s.parquet")) == table + "/../outside/s.parquet")
    #expect(try trusting.path(of: file("linked/s.parquet")) == table + "/linked/s.parquet")
  }

  @Test func linksWithinTheTableAndToTheTableAreNoWayOut() throws {
    let (folder, table, _) = try scene()
    defer { withExtendedLifetime(folder) {} }
    let files = FileManager.default
    try files.createSymbolicLink(atPath: table + "/again", withDestinationPath: "date=2024-01-02")
    try files.createSymbolicLink(atPath: folder.path + "/name", withDestinationPath: table)
    for root in [table, folder.path + "/name"] {
      let path = try DataFolder(root: root).path(of: file("again/a.parquet"))
      #expect(files.fileExists(atPath: path))
      _ = try DataFolder(root: root).path(of: file("date=2024-01-02/a.parquet"))
    }
  }

  @Test(arguments: [false, true])
  func whatIsNoPathOrInAnotherStoreIsAnError(_ allowsOutside: Bool) throws {
    let data = DataFolder(root: "/table", allowsOutside: allowsOutside)
    for (path, code) in [
      ("s3://bucket/x", DeltaError.Code.unsupported), ("http://127.0.0.1:1/x", .unsupported),
      ("a%00b", .corrupt), ("", .corrupt),
    ] {
      let error = #expect(throws: DeltaError.self) { try data.path(of: file(path)) }
      #expect(error?.code == code, "\(path)")
    }
  }
}
