import Catalog
import Databento
import Ledger

/// What a vendor's answer brings, where an input is not a file of the user's.
package struct Delivery {
  /// Begins the application ids under which its rows are stored, so that they are stored once.
  var identity: String
  var request: VendorRequest
  /// How its table is made, if it does not exist yet.
  var setting: TableSetting
  /// The stored rows that go when these come; nil where nothing is there yet.
  var replaces: ReplacedRegion?
  /// The body, which may still be coming.
  var body: BodySpool
  /// Makes rows of a body that is not DBN.
  var rows: BodyReader?
  /// What a body in DBN may hold.
  var scope: any AnswerScope
  /// The coverage events for the rows of a table, requested after the last row.
  var events: (TableName, IngestFileReport) -> [CoverageEvent]
  /// Holds what was read against what the vendor announced, once all has come.
  var verify: (IngestFileReport) throws -> Void = { _ in }

  /// - Parameters:
  ///   - body: May still be arriving.
  ///   - rows: How rows are made of a body that is not DBN; nil for DBN.
  ///   - events: Returns the coverage events for the rows of a table, once they are stored.
  package init(
    identity: String, request: VendorRequest, setting: TableSetting,
    replaces: ReplacedRegion? = nil, body: BodySpool, rows: BodyReader? = nil,
    scope: any AnswerScope, events: @escaping (TableName, IngestFileReport) -> [CoverageEvent],
    verify: @escaping (IngestFileReport) throws -> Void = { _ in }
  ) {
    self.identity = identity
    self.request = request
    self.setting = setting
    self.replaces = replaces
    self.body = body
    self.rows = rows
    self.scope = scope
    self.events = events
    self.verify = verify
  }
}

/// What an answer in DBN may hold: what it was asked for, and nothing else.
///
/// It is looked at where that costs nothing: once a kind of record, once an instrument and day, and once
/// a date's rows.
package protocol AnswerScope: Sendable {
  /// - Throws: Where records of a kind, or the header in front of them, are of something else.
  func check(_ kind: RecordKind, _ metadata: DBNMetadata?) throws
  /// - Parameters:
  ///   - symbol: The raw symbol of an instrument's records.
  ///   - requested: What it was asked for by, where that is another name.
  func check(_ instrumentID: UInt32, symbol: String, requested: String?) throws
  /// - Parameter times: Of the first and the last row of a segment, in ns.
  func check(times: ClosedRange<Int64>?) throws
}
