import Foundation
import TestSupport
import Testing

@testable import Tables

@Suite struct FileSyncerTests {
  @Test func filesAreWaitedForAndAMissingOneFails() throws {
    let folder = TemporaryFolder()
    let syncer = FileSyncer()
    for number in 0..<20 {
      let path = folder.path + "/\(number)"
      _ = FileManager.default.createFile(atPath: path, contents: Data(count: 100))
      syncer.add(path)
    }
    try syncer.finish()
    syncer.add(folder.path + "/none")
    #expect(throws: PassError.self) { try syncer.finish() }
  }
}
