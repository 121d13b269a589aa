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
  /// Reads the body along with its writer.
  private var reading: DownloadSpool.Reading?

  /// What a download knows of what it brought.
  struct Download {
    /// Begins the application ids under which its rows are stored, so that they are stored once.
    var identity: String
    var unit: DownloadUnit
    var table: DownloadTable
    /// The body, which may still be coming.
    var spool: DownloadSpool
    /// Makes rows of a body that is not DBN.
    var rows: BodyReader?
    /// What the coverage ledger is told, asked for when all has come; rows and hash are filled in.
    var events: () -> [CoverageEvent]
    /// Holds what was read against what the vendor announced, once all has come.
    var verify: (IngestFileReport) throws -> Void = { _ in }

    /// The stored rows that go when these come; nil where nothing is there yet.
    var replaces: ReplacedRegion? {
      unit.isReplacing ? ReplacedRegion(unit) : nil
    }
  }

  init(path: String, options: IngestOptions) {
    name = path
    self.path = path
    self.options = options
  }

  init(download: Download, path: String, options: IngestOptions) {
    name = download.unit.name
    self.path = path
    self.options = options
    self.options.table = download.unit.table
    self.options.dataset = download.unit.dataset
    self.download = download
  }

  func open() throws -> InputStream {
    guard let reading else { return try InputStream(path: path) }
    return try InputStream(
      fileDescriptor: try FileSupply.openForReading(path), path: path, ownsDescriptor: true,
      waitForMore: { offset throws(CompressionError) in try reading.waitForMore(at: offset) })
  }

  /// Tells the hash of a file's content ahead; nil for a download, which is known by what was asked.
  func probe(_ observer: any PassObserver) -> ContentProbe? {
    download == nil ? ContentProbe(path: path, observer: observer) : nil
  }

  /// Whether what is stored already is left out of consideration.
  var isReplacing: Bool { download?.unit.isReplacing ?? false }

  /// Whether what was read is no longer part of the body, so that it must be read again.
  var isStale: Bool { reading?.isStale ?? false }

  /// Whether a download's body did not come to its end.
  var isBroken: Bool { download?.spool.hasFailed ?? false }

  /// Begins to read from the beginning.
  mutating func rewind() {
    download?.spool.waitUntilBegun()
    reading = download?.spool.makeReading()
  }
}
