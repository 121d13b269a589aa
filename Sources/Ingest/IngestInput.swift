import Compression
import RowSources
import Tables

/// One thing to be read into the lake: a file, or a vendor's answer.
package struct IngestInput {
  /// As the user knows it: a path, or a request in words.
  var name: String
  var path: String
  var options: IngestOptions
  /// nil for a file.
  var delivery: Delivery?
  /// Reads the body along with its writer.
  private var reading: BodySpool.Reading?

  init(path: String, options: IngestOptions) {
    name = path
    self.path = path
    self.options = options
  }

  /// - Parameter options: How it is read, except for table and dataset, which the request tells.
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

  /// Tells the hash of a file's content ahead; nil for an answer, which is known by what was asked.
  func probe(_ observer: any PassObserver) -> ContentProbe? {
    delivery == nil ? ContentProbe(path: path, observer: observer) : nil
  }

  /// What sets bad rows aside, however many they are: a flag of `ingest`, a setting for downloads.
  var badRowSetting: String {
    (delivery == nil ? "--max-bad 1" : "ingest.quarantine_percent_max: 100 in lake.yaml")
      + " keeps the good rows and puts the bad ones into quarantine"
  }

  /// Whether what is stored already is left out of consideration.
  var isReplacing: Bool { delivery?.replaces != nil }

  /// Whether what was read is no longer part of the body, so that it must be read again.
  var isStale: Bool { reading?.isStale ?? false }

  /// Whether an answer's body did not come to its end.
  var isBroken: Bool { delivery?.body.hasFailed ?? false }

  /// Begins to read from the beginning.
  mutating func rewind() {
    delivery?.body.waitUntilBegun()
    reading = delivery?.body.makeReading()
  }
}
