/// Takes the rows of an answer, block by block, in order.
protocol RowTarget: AnyObject, Sendable {
  /// Whether blocks may be written out of order at their offsets.
  var isSeekable: Bool { get }
  /// Appends a block; one caller at a time. false if the reader closed the pipe.
  func append(_ bytes: UnsafeRawBufferPointer) throws -> Bool
  /// Writes a block at an offset; any number of callers at once. Only where `isSeekable`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws
  /// Completes the answer. false if the reader closed the pipe.
  func finish() throws -> Bool
}
