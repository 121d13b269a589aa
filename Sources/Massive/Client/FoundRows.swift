import Bytes
import Columnar

// Packed rows as values, for the few that commands show.

extension RowField {
  fileprivate func isValid(_ row: UnsafeRawPointer) -> Bool {
    guard case .bit(let offset, let mask) = null else { return true }
    return row.loadLE(offset, as: UInt8.self) & mask != 0
  }
}

extension OpenClose {
  init(symbol: String, _ block: RowBlock) {
    let row = UnsafeRawPointer(block.bytes.base)
    func value(_ name: String) -> Int128? {
      guard let field = block.layout.field(named: name), field.isValid(row) else { return nil }
      return row.loadLE(field.offset, as: Int128.self)
    }
    self.init(
      symbol: symbol, open: value("open"), high: value("high"), low: value("low"),
      close: value("close"))
  }
}

extension ListedContract {
  init(_ block: RowBlock, _ index: Int, _ strings: StringTable) {
    let row = UnsafeRawPointer(block.bytes.base) + index * block.layout.stride
    func field(_ name: String) -> RowField? {
      guard let field = block.layout.field(named: name), field.isValid(row) else { return nil }
      return field
    }
    func text(_ name: String) -> String? {
      field(name).map { strings[row.loadLE($0.offset, as: UInt32.self)] }
    }
    self.init(
      ticker: text("symbol") ?? "", underlying: text("underlying_ticker"),
      type: text("contract_type"),
      expiration: field("expiration_date").map {
        CivilDate(daysSinceEpoch: Int(row.loadLE($0.offset, as: Int32.self)))
      }, strike: field("strike_price").map { row.loadLE($0.offset, as: Int64.self) })
  }
}
