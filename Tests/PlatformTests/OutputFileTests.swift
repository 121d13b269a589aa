import Foundation
import TestSupport
import Testing

@testable import Platform

@Suite struct OutputFileTests {
  private let folder = TemporaryFolder()
  private var target: String { folder.path + "/x.csv" }

  private func write(_ text: String, to file: OutputFile) throws {
    try Array(text.utf8).withUnsafeBytes { try file.write($0) }
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func writersToOneNameNeverMix() throws {
    let (first, second) = try (
      OutputFile(path: target, replaces: true), OutputFile(path: target, replaces: true)
    )
    try write("first", to: first)
    try write("second, longer", to: second)
    try second.publish()
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "second, longer")
    try first.publish()
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "first")
    #expect(try names() == ["x.csv"])
  }

  @Test func whatCameMeanwhileIsNotReplaced() throws {
    let file = try OutputFile(path: target, replaces: false)
    try write("mine", to: file)
    try "theirs".write(toFile: target, atomically: false, encoding: .utf8)
    let error = #expect(throws: OutputFileError.self) { try file.publish() }
    #expect(error?.code == .exists)
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "theirs")
  }

  @Test func anUnfinishedFileLeavesNothing() throws {
    do {
      let file = try OutputFile(path: target, replaces: false)
      try write("half", to: file)
      #expect(try names().count == 1)
    }
    #expect(try names().isEmpty)
  }

  @Test func linksAreNeverFollowed() throws {
    let victim = folder.path + "/victim"
    try "precious".write(toFile: victim, atomically: false, encoding: .utf8)
    for index in [victim, folder.path + "/nowhere"] {
      try FileManager.default.createSymbolicLink(atPath: target, withDestinationPath: index)
      #expect(throws: OutputFileError.self) { try OutputFile(path: target, replaces: false) }
      let file = try OutputFile(path: target, replaces: true)
      try write("new", to: file)
      try file.publish()
      #expect(try String(contentsOfFile: target, encoding: .utf8) == "new")
      #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
      unlink(target)
    }
    #expect(try names() == ["victim"])
  }

  @Test func theModeFollowsTheUmask() throws {
    let file = try OutputFile(path: target, replaces: false)
    try file.publish()
    var status = stat()
    #expect(stat(target, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o666 & ~UserMask.value)
  }

  @Test func aNameOfTheLongestKindWorks() throws {
    let path = folder.path + "/" + String(repeating: "é", count: 127)
    let file = try OutputFile(path: path, replaces: false)
    try file.publish()
    #expect(access(path, F_OK) == 0)
  }

  @Test(arguments: [
    ("/", "'/' is a folder"), ("/no/such/folder/x", "/no/such/folder/x"),
    ("/etc/passwd/x", "/etc/passwd/x"),
  ])
  func whatCannotBeIsNamed(path: String, words: String) {
    let error = #expect(throws: OutputFileError.self) {
      try OutputFile(path: path, replaces: true)
    }
    #expect(error?.message.contains(words) == true)
  }
}
