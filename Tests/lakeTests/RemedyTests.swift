import Foundation
import Testing

/// Checks every text of the program that names a flag against the declared flags of the commands.
@Suite struct RemedyTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")
  private static let common = [
    "lake", "json", "quiet", "verbose", "color", "progress", "help", "version",
  ]
  /// Flags of other programs in suggested command lines.
  private static let foreign = ["long"]

  /// The commands in which a file's texts can appear, by path prefix; the longest match applies.
  private static let commands: [(path: String, names: [String])] = [
    ("Platform/OutputFile", ["query", "dbn", "export"]),
    ("Catalog/Lake", ["query"]),
    ("DeltaLog", ["query", "describe", "files"]),
    ("CommandLineKit", ["query"]),
    // The text itself says that not all commands have them.
    ("CommandLineKit/Program", ["ingest"]),
    ("Databento/DBN", ["ingest", "dbn"]),
    ("Databento/DBNText", ["dbn"]),
    ("Databento/DBNReader", ["dbn"]),
    ("Databento/Client", ["download"]),
    ("Simulation", ["simulate"]),
    ("HTTP", ["download", "options"]),
    ("Market/Options", ["download"]),
    ("Market/Options/DiscoveryRange", ["options"]),
    // Only there is a page's size limited to less than what a file can state.
    ("Parquet/Page", ["ingest"]),
    ("Downloads", ["download"]),
    ("Export", ["export"]),
    ("Passes/Bars", ["bars"]),
    ("Passes/Gaps", ["gaps"]),
    ("Ingest", ["ingest"]),
    ("Ledger/RemovedRows", ["download"]),
    ("Passes/Compact/ConversionPass", ["alter"]),
    ("Passes/Compact", ["compact"]),
    ("Passes/Resample", ["resample"]),
    ("Passes/Restore", ["restore"]),
    ("Passes/Validate", ["validate"]),
    ("RowSources", ["ingest"]),
    ("Tables/Merge", ["compact"]),
    ("Query", ["query"]),
    ("Query/Compare", ["compare"]),
    ("lake/Alter", ["alter"]),
    ("lake/Bars", ["bars"]),
    ("lake/Calendar", ["calendar"]),
    ("lake/ChecksumRemedy", ["query", "parquet"]),
    ("lake/Commands", ["tables"]),
    ("lake/Compact", ["compact"]),
    ("lake/Compar", ["compare"]),
    ("lake/Config", ["config"]),
    ("lake/Context+Table", ["describe"]),
    ("lake/Context+Vendor", ["download", "options"]),
    ("lake/DBN", ["dbn"]),
    ("lake/Dedup", ["dedup"]),
    ("lake/Describe", ["describe"]),
    ("lake/Download", ["download"]),
    ("lake/Export", ["export"]),
    ("lake/Files", ["files"]),
    ("lake/Gap", ["gaps"]),
    ("lake/History", ["history"]),
    ("lake/Ingest", ["ingest"]),
    ("lake/Init", ["init"]),
    ("lake/Ledger", ["ledger"]),
    ("lake/Options", ["options"]),
    ("lake/Parquet", ["parquet"]),
    ("lake/Query", ["query"]),
    ("lake/Resample", ["resample"]),
    ("lake/Restore", ["restore"]),
    ("lake/Run", ["run"]),
    ("lake/Schema", ["schema"]),
    ("lake/Simulate", ["simulate"]),
    ("lake/Spend", ["spend"]),
    ("lake/Tables", ["tables"]),
    ("lake/Validat", ["validate"]),
    ("lake/Vendors", ["vendors"]),
    ("lake/Workers", ["workers"]),
  ]

  private struct Mention {
    var file: String
    var line: Int
    var text: String
  }

  /// All string literals of the sources that contain something.
  private func mentions(of wanted: String) throws -> [Mention] {
    let literal = try Regex(#""((?:[^"\\]|\\.)*)""#)
    let files = try #require(
      FileManager.default.enumerator(at: Self.sources, includingPropertiesForKeys: nil))
    var found: [Mention] = []
    for case let file as URL in files where file.pathExtension == "swift" {
      let name = String(file.path.dropFirst(Self.sources.path.count + 1))
      if name.contains("Embedded") { continue }
      let lines = try String(contentsOf: file, encoding: .utf8).split(
        separator: "\n", omittingEmptySubsequences: false)
      for (number, line) in lines.enumerated() where line.contains(wanted) {
        if line.drop(while: { $0 == " " }).hasPrefix("//") { continue }
        for match in line.matches(of: literal) {
          let text = match.output[1].substring.map(String.init) ?? ""
          if text.contains(wanted) {
            found.append(Mention(file: name, line: number + 1, text: text))
          }
        }
      }
    }
    return found
  }

  /// The flags in a command's help.
  private func flags(of command: String) throws -> Set<String> {
    let help = try LakeBinary.run(["help", command])
    try #require(help.status == 0, "\(command)")
    let declared = try Regex(#"^  (?:-\w, )?(?:    )?--([a-z][a-z-]*)"#).anchorsMatchLineEndings()
    return Set(
      help.output.matches(of: declared).compactMap { $0.output[1].substring.map(String.init) })
  }

  @Test func remediesNameOnlyFlagsThatTheCommandHas() throws {
    let flag = try Regex(#"(?:^|[^\w-])--([a-z][a-z-]*[a-z])"#)
    let verb = try Regex(#"\blake ([a-z]+)"#)
    var declared: [String: Set<String>] = [:]
    var count = 0
    for mention in try mentions(of: "--") {
      for match in mention.text.matches(of: flag) {
        let name = match.output[1].substring.map(String.init) ?? ""
        if Self.common.contains(name) || Self.foreign.contains(name) { continue }
        let before = mention.text[..<match.range.lowerBound]
        // A complete command line names the flag's command.
        let named = before.matches(of: verb).last?.output[1].substring.map { [String($0)] }
        let owners =
          named
          ?? Self.commands.filter { mention.file.hasPrefix($0.path) }
          .max { $0.path.count < $1.path.count }?.names
        let index = "\(mention.file):\(mention.line): \(mention.text)"
        guard let owners else {
          Issue.record("nobody knows which command says this: \(index)")
          continue
        }
        for owner in owners {
          if declared[owner] == nil { declared[owner] = try flags(of: owner) }
          #expect(declared[owner]?.contains(name) == true, "'\(owner)' has no --\(name): \(index)")
          count += 1
        }
      }
    }
    #expect(count > 150)
  }

  @Test func remediesNameNoInternalLocation() throws {
    let told = try mentions(of: "staging").filter { $0.text.contains(" ") }
    #expect(told.isEmpty, "\(told)")
  }
}
