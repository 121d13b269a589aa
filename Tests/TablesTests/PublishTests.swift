import Catalog
import DeltaLog
import Foundation
import TestSupport
import Testing

@testable import Tables

/// The state after a commit fails at any step: either the old table with the segments in staging, or the new
/// table.
@Suite struct PublishTests {
  private let toy: ToyTable
  private let folder: String

  init() throws {
    toy = try ToyTable()
    try toy.commit(toy.append(day: 0, 0..<10))
    folder = toy.lake.path(of: toy.definition.name)
  }

  private func moves(_ segments: [PlacedSegment]) -> [(from: String, to: String)] {
    segments.map { ($0.staged.path, "raw/toy/" + $0.file.filePath) }
  }

  private func isFile(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private var intent: String? {
    FileManager.default.contents(atPath: toy.run.directory + "/intent")
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// The intent is written before a file moves, so that the cleanup after a crash finds the files.
  @Test func theIntentNamesEveryFileBeforeItMoves() throws {
    let segments = [try toy.segment(day: 1, 0..<3), try toy.segment(day: 2, 0..<3)]
    _ = try toy.run.publish(moves(segments)) {
      #expect(intent?.hasSuffix(moves(segments).map { $0.to + "\n" }.joined()) == true)
      #expect(segments.allSatisfy { isFile(folder + "/" + $0.file.filePath) })
      return .committed(version: 1)
    }
    #expect(segments.allSatisfy { !isFile($0.staged.path) })
  }

  @Test func aFileThatCannotMoveTakesTheOthersBack() throws {
    let segments = [try toy.segment(day: 1, 0..<3), try toy.segment(day: 2, 0..<3)]
    // A file in place of the second partition's folder.
    let folderPath = (segments[1].file.filePath as NSString).deletingLastPathComponent
    #expect(FileManager.default.createFile(atPath: folder + "/" + folderPath, contents: nil))
    var isAsked = false
    #expect(throws: (any Error).self) {
      try toy.run.publish(moves(segments)) {
        isAsked = true
        return .committed(version: 1)
      }
    }
    #expect(!isAsked && segments.allSatisfy { isFile($0.staged.path) })
    #expect(
      try toy.seconds(0) == Array(0..<10) && !isFile(folder + "/" + segments[0].file.filePath))
  }

  @Test func aMissingSegmentTakesTheOthersBack() throws {
    let segments = [try toy.segment(day: 1, 0..<3), try toy.segment(day: 1, 3..<6)]
    try FileManager.default.removeItem(atPath: segments[1].staged.path)
    #expect(throws: (any Error).self) {
      try toy.run.publish(moves(segments)) { .committed(version: 1) }
    }
    #expect(isFile(segments[0].staged.path) && !isFile(folder + "/" + segments[0].file.filePath))
  }

  @Test(arguments: [
    CommitOutcome.alreadyDone(version: 1), .conflict(version: 1, reason: .metadataChanged),
  ])
  func aLostRaceTakesAllBack(_ outcome: CommitOutcome) throws {
    let segment = try toy.segment(day: 1, 0..<3)
    #expect(try toy.run.publish(moves([segment])) { outcome } == outcome)
    #expect(isFile(segment.staged.path) && !isFile(folder + "/" + segment.file.filePath))
  }

  @Test func aCommitThatFailsTakesAllBack() throws {
    let segment = try toy.segment(day: 1, 0..<3)
    #expect(throws: DeltaError.self) {
      try toy.run.publish(moves([segment])) { throw DeltaError(.refused, "no") }
    }
    #expect(isFile(segment.staged.path) && !isFile(folder + "/" + segment.file.filePath))
    toy.run.finish()
    #expect(!isFile(toy.run.directory))
  }

  /// If it is unknown whether the commit succeeded, its files and the intent stay in place: the next command
  /// that writes finds out.
  @Test func aCommitOfWhichNobodyKnowsKeepsItsFilesAndItsIntent() throws {
    let segment = try toy.segment(day: 1, 0..<3)
    #expect(throws: DeltaError.self) {
      try toy.run.publish(moves([segment])) { throw DeltaError(.unknownOutcome, "who knows") }
    }
    #expect(isFile(folder + "/" + segment.file.filePath))
    toy.run.finish()
    #expect(intent?.hasSuffix("raw/toy/" + segment.file.filePath + "\n") == true)
  }
}
