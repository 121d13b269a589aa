import Compression
import RowSources
import Tables

/// One input for the lake: a file, or a vendor's answer.
package struct IngestInput {
  /// As the user knows it: a path, or a request in words.
  var name: String
  var path: String
  var options: IngestOptions
  /// nil for a file.
  var delivery: Delivery?
  /// Reads the body while it is written.
  private var reading: BodySpool.Reading?

  /// - Parameter name: What the file is called, if it is a copy.
  init(path: String, name: String? = nil, options: IngestOptions) {
    self.name = name ?? path
    self.path = path
    self.options = options
    if let pattern = options.symbolPattern { self.options.symbol = pattern.symbol(in: self.name) }
  }

  /// - Parameter options: How it is read, except for table and dataset, which the request determines.
  package init(delivery: Delivery, options: IngestOptions) {
    name = delivery.request.name
    path = delivery.body.path
    self.options = options
    self.options.table = delivery.request.table
    self.options.dataset = delivery.request.dataset
    self.delivery = delivery
  }

  func open() throws -> InputStream {
    guard let reading else { return try InputStream(path: path) }
    return try InputStream(
      fileDescriptor: try FileSupply.openForReading(path), path: path, ownsDescriptor: true,
      waitForMore: { offset throws(CompressionError) in try reading.waitForMore(at: offset) })
  }

  /// Computes the hash of a file's content ahead of reading; nil for an answer, which is identified by its
  /// request.
  func probe(_ observer: any PassObserver) -> ContentProbe? {
    delivery == nil ? ContentProbe(path: path, observer: observer) : nil
  }

  /// The setting that raises the limit of bad rows: a flag of `ingest`, a key for downloads.
  var badRowSetting: String {
    (delivery == nil ? "--max-bad 1" : "ingest.quarantine_percent_max: 100 in lake.yaml")
      + " keeps the good rows and puts the bad ones into quarantine"
  }

  /// Whether stored rows are replaced, rather than compared with.
  var isReplacing: Bool { delivery?.replaces != nil }

  /// Whether what was read belongs to an earlier attempt, so that it must be read again.
  var isStale: Bool { reading?.isStale ?? false }

  /// Whether an answer's body failed before its end.
  var isBroken: Bool { delivery?.body.hasFailed ?? false }

  /// Starts reading from the beginning.
  mutating func rewind() {
    delivery?.body.waitUntilBegun()
    reading = delivery?.body.makeReading()
  }
}
