import Catalog
import Columnar
import Tables

/// What is read of a table of ticks, by its record kind.
struct TradeColumns: Sendable {
  let index: Field
  /// Whether the index has its nanoseconds beside it.
  let indexPlus: Field?
  /// nil where the index is the time of trades.
  let time: Field?
  let timePlus: Field?
  let action: Field?
  let sequence: Field?
  let price: Field
  let size: Field
  let publisher: Field?
  let instrument: Field?
  let ordinal: Field?

  /// - Parameter usesIndex: Whether trades count when they were received.
  init?(_ schema: TableSchema, usesIndex: Bool) {
    let fields = schema.fileFields
    // Prices and sizes of quotes have names of their own; orders have an action that tells trades.
    guard schema.column(named: "action") != nil || schema.kind.hasSuffix("trades") else {
      return nil
    }
    func field(_ name: String) -> Field? { fields.first { $0.name == name } }
    guard let index = field(schema.indexColumn), let price = field("price"),
      let size = field("size")
    else { return nil }
    self.index = index
    indexPlus = field(index.name + RemainderColumns.suffix)
    time = usesIndex || index.name == "ts_event" ? nil : field("ts_event")
    timePlus = time.flatMap { field($0.name + RemainderColumns.suffix) }
    action = field("action")
    sequence = field("sequence") ?? field("sequence_number")
    self.price = price
    self.size = size
    publisher = field("publisher_id")
    instrument = field("instrument_id")
    ordinal = field(TableSchema.ordinalColumn)
  }
}
