/// Ticks of a file, in its order, as trades: quotes among them are left out.
package protocol TradeFile: AnyObject {
  /// As messages name it.
  var path: String { get }
  /// The vendor's dataset; nil where the file does not say it.
  var dataset: String? { get }
  /// No record of the file was received before: nanoseconds since 1970 UTC.
  var start: Int64 { get }
  /// Records that were read so far, trades and others.
  var recordCount: Int { get }
  /// Reads the next trades, replacing those in `batch`.
  ///
  /// `time` is the exchange's time, `Int64.max` where it is undefined, `received` when the vendor received it; `ordinal` counts
  /// trades. An undefined price or size is `Int64.max`.
  ///
  /// - Parameter series: Returns the series of a symbol and publisher; called for each at least once on each date, in days since 1970
  ///   UTC, on which trades were received.
  /// - Returns: false at the end. A batch may be empty before that.
  func next(
    into batch: TradeBatch,
    series: (_ symbol: String, _ publisher: Int64, _ instrument: Int64, _ day: Int64) throws ->
      Int32
  ) throws -> Bool
}
