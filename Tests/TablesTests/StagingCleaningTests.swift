import Catalog
import Foundation
import Platform
import TestSupport
import Testing

@testable import Tables

/// Remains of dead, running and hostile runs in staging.
@Suite struct StagingCleaningTests {
  private let folder = TemporaryFolder()
  private let lake: Lake
  private var root: String { lake.root }

  init() throws {
    try LakeInit(directory: folder.path + "/lake", workingDirectory: "/").apply()
    lake = try Lake(root: folder.path + "/lake")
  }

  private func write(_ text: String, _ path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(
      atPath: root + "/" + folder, withIntermediateDirectories: true)
    try text.write(toFile: root + "/" + path, atomically: false, encoding: .utf8)
  }

  private func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path.hasPrefix("/") ? path : root + "/" + path, &status) == 0
  }

  private final class Reports: PassObserver {
    nonisolated(unsafe) var texts: [String] = []
    func begin(_ name: String) {}
    func didRead(byteCount: Int) {}
    func didProcess(rowCount: Int) {}
    func didFail(_ error: any Error) {}
    func warn(_ error: PassError) { texts.append(error.message) }
    var isInterrupted: Bool { false }
  }

  private func clean() throws -> [String] {
    let reports = Reports()
    try LakeCleaning.removeDeadRuns(lake, observer: reports)
    return reports.texts
  }

  private static let run = "staging/20240101T000000Z-1-1"

  @Test func onlyPathsOfTableFilesAreBelieved() {
    #expect(
      IntentLines.parts("raw/x_trades/date=2024-01-02/part-1.parquet")
        == ["raw", "x_trades", "date=2024-01-02", "part-1.parquet"])
    #expect(IntentLines.parts("ledger/coverage/month=2024-01-01/p.zstd.parquet") != nil)
    for path in [
      "", "/", "raw", "raw/x/p.parquet", "/raw/x/date=2024-01-02/p.parquet",
      "raw/x/../../../outside.txt", "raw/x/date=2024-01-02/../p.parquet",
      "raw/../date=2024-01-02/p.parquet", "../x/date=2024-01-02/p.parquet",
      "raw//date=2024-01-02/p.parquet", "raw/x/date=2024-01-02/p.txt", "schemas/x/notes.txt",
      "raw/x/_delta_log/00000000000000000000.json", "raw/x/date=..........//p.parquet",
      "raw/x/date=2024-13-02/p.parquet", "raw/x/other=2024-01-02/p.parquet",
      "raw/X/date=2024-01-02/p.parquet", "raw/x/date=2024-01-02/.p.parquet",
      "raw/x/date=2024-01-02/a/p.parquet", "raw/x/date=2024-01-02/p\u{1B}.parquet",
      "./raw/x/date=2024-01-02/p.parquet", "raw/x/date=2024-01-02/p.parquet/",
    ] {
      #expect(IntentLines.parts(path) == nil, "\(path)")
    }
  }

  @Test func anIntentRemovesNothingOutsideOfTables() throws {
    let home = TemporaryFolder()
    try "precious".write(
      toFile: home.path + "/thesis.parquet", atomically: false, encoding: .utf8)
    try FileManager.default.createDirectory(
      atPath: home.path + "/date=2024-01-02", withIntermediateDirectories: true)
    try "precious".write(
      toFile: home.path + "/date=2024-01-02/part-1.parquet", atomically: false, encoding: .utf8)
    try write("x", "raw/real/date=2024-01-02/orphan.parquet")
    try FileManager.default.createSymbolicLink(
      atPath: root + "/raw/evil", withDestinationPath: home.path)
    try FileManager.default.createSymbolicLink(
      atPath: root + "/raw/real/date=2024-01-03", withDestinationPath: home.path)
    try FileManager.default.createSymbolicLink(
      atPath: root + "/raw/real/date=2024-01-02/link.parquet",
      withDestinationPath: home.path + "/thesis.parquet")
    try write("", Self.run + "/lock")
    let bad = [
      "raw/evil/date=2024-01-02/part-1.parquet", "raw/real/date=2024-01-03/thesis.parquet",
      "raw/real/date=2024-01-02/link.parquet", "raw/real/../../../../" + home.path,
      String(repeating: "x", count: 5_000_000), "lake.yaml",
    ]
    try write(
      (bad + ["raw/real/date=2024-01-02/orphan.parquet"]).map { $0 + "\n" }.joined(),
      Self.run + "/intent")
    let reports = try clean()
    #expect(reports.count == 6, "\(reports)")
    #expect(reports.count { $0.contains("leads through a link") } == 2)
    #expect(reports.count { $0.contains("is no regular file") } == 1)
    #expect(exists(home.path + "/thesis.parquet"))
    #expect(exists(home.path + "/date=2024-01-02/part-1.parquet"))
    #expect(exists("raw/real/date=2024-01-02/link.parquet") && exists("lake.yaml"))
    #expect(!exists("raw/real/date=2024-01-02/orphan.parquet"))
    #expect(exists(Self.run + "/intent"), "what is odd is left for people to look at")
  }

  @Test func linksAndPipesInStagingKeepNobodyFromWriting() throws {
    let home = TemporaryFolder()
    try "precious".write(toFile: home.path + "/lock", atomically: false, encoding: .utf8)
    try "precious".write(toFile: home.path + "/data", atomically: false, encoding: .utf8)
    try write("", Self.run + "2/lock")
    #expect(mkfifo(root + "/" + Self.run + "2/intent", 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: root + "/" + Self.run, withDestinationPath: home.path)
    try write("", "staging/batch/job.json")
    #expect(try clean().count == 2)
    #expect(exists(home.path + "/data") && exists(home.path + "/lock"))
    #expect(exists("staging/batch/job.json"))
    let run = try StagingRun(root: root)
    run.finish()
    #expect(!exists(run.directory))
  }

  @Test func aRemovalThatWasCutShortIsFinished() throws {
    try write("x", Self.run + "/part-1.parquet")
    mkdir(root + "/" + Self.run + "2", 0o700)
    #expect(try clean().isEmpty)
    #expect(!exists(Self.run) && !exists(Self.run + "2"))
  }

  @Test func anIntentIntoAFolderThatWasNeverMadeIsCleaned() throws {
    // Killed between its intent and its first partition: the table's folder may be missing too.
    try write("", Self.run + "/lock")
    try write("x", Self.run + "/part-1.zstd.parquet")
    let partition = "date=2024-01-02/part-1.zstd.parquet"
    try FileManager.default.createDirectory(
      atPath: root + "/raw/half", withIntermediateDirectories: true)
    try write("raw/half/\(partition)\nraw/none/\(partition)\n", Self.run + "/intent")
    #expect(try clean().isEmpty)
    #expect(!exists(Self.run))
  }

  @Test func whatCannotBeLookedAtIsAlive() throws {
    #expect(!StagingRun.isAlive("20240101T000000Z-1-9", root: root))
    try write("", Self.run + "/lock")
    #expect(!StagingRun.isAlive("20240101T000000Z-1-1", root: root))
    unlink(root + "/" + Self.run + "/lock")
    try FileManager.default.createSymbolicLink(
      atPath: root + "/" + Self.run + "/lock", withDestinationPath: "/nowhere")
    #expect(StagingRun.isAlive("20240101T000000Z-1-1", root: root))
    let run = try StagingRun(root: root)
    #expect(StagingRun.isAlive(run.id, root: root))
    #expect(try clean().isEmpty)
    #expect(exists(run.directory))
    run.finish()
  }

  @Test func runsAreBornWhileOthersCleanUp() throws {
    // Cleaners remove every folder whose lock is not held; no run may lose its own folder to them.
    let root = root
    try Parallel.forEach(8, width: 8) { index in
      for _ in 0..<50 {
        if index % 2 == 0 {
          try StagingRun.cleanDead(root: root, isKnown: { _ in true })
        } else {
          let run = try StagingRun(root: root)
          let path = run.directory + "/part-1.parquet"
          try "x".write(toFile: path, atomically: false, encoding: .utf8)
          #expect(access(path, F_OK) == 0 && StagingRun.isAlive(run.id, root: root))
          run.finish()
        }
      }
    }
    // A cleaner may have been working on the last folder while its run removed it.
    #expect(try clean().isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/staging") == [])
  }
}
