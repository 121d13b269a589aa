import Bytes
import Columnar
import JSON
import Market
import Platform

extension PageParser {
  /// Parses a complete page, with nothing after it.
  public func parseWhole(
    _ bytes: UnsafeRawBufferPointer, into block: RowBlock
  ) throws(MassiveError) -> PageEnvelope {
    do {
      let (envelope, end) = try parse(bytes, into: block)
      var cursor = PageCursor(bytes, at: end)
      cursor.skipSpace()
      guard cursor.at == bytes.count else {
        throw MassiveError(.badPage, "something stands behind the page", place: "byte \(cursor.at)")
      }
      return envelope
    } catch let error as MassiveError {
      throw error
    } catch let error as any LakeError {
      throw MassiveError(.badPage, error.message, place: error.placeText)
    } catch {
      throw MassiveError(.badPage, "\(error)")
    }
  }

  /// A day's open and close: the page is the record.
  func readOpenClose(
    _ cursor: inout PageCursor, _ envelope: inout PageEnvelope, _ block: RowBlock
  ) throws {
    let start = cursor.at
    try cursor.expect(0x7B)
    var isFirst = true
    var isRecord = false
    while let key = try cursor.nextKey(isFirst: isFirst) {
      isFirst = false
      isRecord = isRecord || key.equals("from")
      try read(key, &cursor, &envelope)
    }
    if envelope.isRefused { return }
    guard isRecord else {
      throw MassiveError(.badPage, "the object is no day's open and close: it has no 'from'")
    }
    cursor.at = start
    let stride = kind.layout.stride
    block.bytes.reserve(block.bytes.count + stride)
    let row = block.bytes.base + block.bytes.count
    var fault: RecordFault?
    try cursor.value { parser throws(JSONError) in fault = try records.parse(&parser, into: row) }
    envelope.recordCount = 1
    if let fault {
      try reject(fault, row, cursor, start, 0)
    } else {
      block.bytes.count += stride
    }
  }

  /// Sets the rows' symbol, checks the page's own figures, and notes the rows' times.
  func finish(
    _ envelope: inout PageEnvelope, _ block: RowBlock, _ firstByte: Int, _ firstRejected: Int,
    _ start: Int
  ) throws {
    try check(&envelope, block, firstByte)
    let stride = kind.layout.stride
    let rowCount = (block.bytes.count - firstByte) / stride
    let rows = block.bytes.base + firstByte
    if kind == .bars || kind == .indexBars {
      // A truncated page may be valid JSON: only its own count reveals it.
      if let count = envelope.resultsCount, count != Int64(envelope.recordCount) {
        throw MassiveError(
          .countMismatch, "the page says \(count) results and holds \(envelope.recordCount)",
          remedy: "fetch it again: it is not whole")
      }
      // Each bar is aggregated from one or more of those counted.
      if let count = envelope.queryCount, context.scope != nil,
        count < Int64(envelope.recordCount)
          || count > 0 && envelope.recordCount == 0 && (envelope.nextURL ?? "").isEmpty
      {
        throw MassiveError(
          .countMismatch,
          "the page was made of \(count) bars, and holds \(envelope.recordCount)",
          remedy: "fetch it again: it is not whole")
      }
      if envelope.recordCount > 0 {
        guard let ticker = envelope.ticker ?? context.symbol else {
          throw MassiveError(.badPage, "nothing says which ticker the bars are of")
        }
        let code = strings.code(ticker)
        for row in 0..<rowCount {
          rows.storeLE(code, row * stride + MassiveLayout.Bar.symbol)
        }
        nameRejected(from: firstRejected, ticker)
      }
    }
    if kind == .contracts, context.asOf == nil, envelope.recordCount > 0 {
      throw MassiveError(.usage, "nothing says as of which date the contracts are listed")
    }
    if rowCount > 0 {
      let index = records.shape.index.offset
      let bytes = UnsafeRawPointer(rows)
      envelope.firstTime = bytes.loadLE(index, as: Int64.self)
      envelope.lastTime = bytes.loadLE((rowCount - 1) * stride + index, as: Int64.self)
    }
  }
}
