import Bytes
import Columnar
import Databento

/// The definition record of a simulated instrument.
struct SimulatedDefinition {
  private static let fields = Dictionary(
    DBNFields.fields(.definition, version: DBNFields.versionMax).map { ($0.name, $0) },
    uniquingKeysWith: { first, _ in first })

  let instrument: SimulatedInstrument
  let date: CivilDate
  let publisherID: UInt16
  /// Nanoseconds since 1970 UTC.
  let time: UInt64
  let simulation: SimulatedMarket

  /// Fills in a copy of the template record.
  func put(_ record: UnsafeMutableRawPointer) {
    record.storeLE(publisherID, 2)
    record.storeLE(instrument.id, 4)
    record.storeLE(time, 8)
    set(record, "ts_recv", time)
    set(record, "raw_symbol", instrument.symbol)
    set(record, "security_update_action", UInt8(ascii: "A"))
    set(record, "min_price_increment", instrument.tick)
    set(record, "display_factor", Int64(1_000_000_000))
    set(record, "min_price_increment_amount", instrument.tickValue)
    set(record, "raw_instrument_id", UInt64(instrument.id))
    set(record, "min_lot_size_round_lot", Int32(instrument.lot))
    set(record, "min_trade_vol", UInt32(1))
    set(record, "currency", "USD")
    set(record, "match_algorithm", UInt8(ascii: "F"))
    set(record, "user_defined_instrument", UInt8(ascii: "N"))
    set(record, "leg_side", UInt8(ascii: "N"))
    if instrument.isFuture { putFuture(record) } else { putStock(record) }
  }

  private func putStock(_ record: UnsafeMutableRawPointer) {
    set(record, "instrument_class", UInt8(ascii: "K"))
    set(record, "exchange", "XNAS")
    set(record, "asset", String(instrument.symbol.prefix(10)))
    set(record, "cfi", "ESXXXX")
    set(record, "security_type", "CS")
  }

  private func putFuture(_ record: UnsafeMutableRawPointer) {
    let root = SimulatedInstrument.root(instrument.symbol)
    set(record, "instrument_class", UInt8(ascii: "F"))
    set(record, "exchange", "XCME")
    set(record, "asset", String(root.prefix(10)))
    set(record, "group", String(root.prefix(20)))
    set(record, "cfi", "FFIXSX")
    set(record, "security_type", "FUT")
    set(record, "unit_of_measure", "IPNT")
    set(record, "unit_of_measure_qty", instrument.tickValue / instrument.tick * 1_000_000_000)
    set(record, "channel_id", UInt16(310))
    guard
      let maturity = SimulatedInstrument.maturity(
        instrument.symbol, start: simulation.options.start),
      let first = CivilDate(year: maturity.year, month: maturity.month, day: 1)
    else { return }
    set(record, "maturity_year", UInt16(maturity.year))
    set(record, "maturity_month", UInt8(maturity.month))
    // Expires on the third Friday, 13:30 UTC; listed two years earlier.
    let friday = first.daysSinceEpoch + (12 - first.isoWeekday) % 7 + 14
    let day = UInt64(CivilDate.nanosecondsPerDay)
    set(record, "expiration", UInt64(friday) * day + 48_600_000_000_000)
    set(record, "activation", UInt64(max(0, friday - 730)) * day)
  }

  private func set<T: FixedWidthInteger & BitwiseCopyable>(
    _ record: UnsafeMutableRawPointer, _ name: String, _ value: T
  ) {
    guard let field = Self.fields[name], field.form.byteCount == MemoryLayout<T>.size else {
      preconditionFailure("'\(name)' is a field of this width")
    }
    record.storeLE(value, field.offset)
  }

  private func set(_ record: UnsafeMutableRawPointer, _ name: String, _ text: String) {
    guard let field = Self.fields[name], text.utf8.count < field.form.byteCount else {
      preconditionFailure("'\(name)' is a field with room for '\(text)'")
    }
    for (index, byte) in text.utf8.enumerated() { record.storeLE(byte, field.offset + index) }
  }
}
