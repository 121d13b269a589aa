import Catalog
import Columnar
import Compression

/// One thing to be read into the lake: a file, or what a download brought.
struct IngestInput {
  /// As the user knows it: a path, or a request in words.
  var name: String
  var path: String
  var options: IngestOptions
  /// nil for a file.
  var download: Download?

  /// What a download knows of what it brought.
  struct Download {
    /// Begins the application ids under which its rows are stored, so that they are stored once.
    var identity: String
    /// Record kind of its rows.
    var kind: String
    var table: TableName
    var setting: TableSetting
    /// What the coverage ledger is told; rows and hash are filled in when they are known.
    var event: CoverageEvent
    /// The stored rows that go when these come; nil where nothing is there yet.
    var replaces: ReplacedRegion?
    /// Waits while the file is still being written.
    var waitForMore: InputStream.GrowthWait?
    /// Makes rows of a file that is not DBN.
    var rows: ((InputStream, TableSchema) throws -> any RowSource)?
  }

  init(path: String, options: IngestOptions) {
    name = path
    self.path = path
    self.options = options
  }

  init(download: Download, name: String, path: String, options: IngestOptions) {
    self.name = name
    self.path = path
    self.options = options
    self.options.table = download.table
    self.options.dataset = download.event.dataset
    self.download = download
  }

  func open() throws -> InputStream {
    guard let wait = download?.waitForMore else { return try InputStream(path: path) }
    return try InputStream(
      fileDescriptor: try FileSupply.openForReading(path), path: path, ownsDescriptor: true,
      waitForMore: wait)
  }

  /// Whether what is stored already is left out of consideration.
  var isReplacing: Bool { download?.replaces != nil }
}

/// How a table that does not exist yet is made.
struct TableSetting: Hashable, Sendable {
  var timeZone = "UTC"
  var properties: [String: String] = [:]
}
