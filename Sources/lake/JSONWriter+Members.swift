import Catalog
import Columnar
import CommandLineKit
import DeltaLog
import JSON
import Query

extension JSONWriter {
  mutating func member(_ key: String, _ value: String?) {
    self.key(key)
    if let value { string(value) } else { null() }
  }

  mutating func member(_ key: String, _ value: Int?) {
    self.key(key)
    if let value { integer(value) } else { null() }
  }

  mutating func member(_ key: String, _ value: Int64?) {
    self.key(key)
    if let value { integer(value) } else { null() }
  }

  mutating func member(_ key: String, _ value: Bool) {
    self.key(key)
    boolean(value)
  }

  mutating func member(_ key: String, _ values: [String]) {
    self.key(key)
    beginArray()
    for value in values { string(value) }
    endArray()
  }

  /// `rows`, `files`, `bytes`, `first_date`, `last_date`.
  mutating func members(of figures: TableFigures) {
    member("rows", figures.rowCount)
    member("files", figures.fileCount)
    member("bytes", figures.byteCount)
    member("first_date", figures.firstDate)
    member("last_date", figures.lastDate)
  }

  /// `min`, `max` and `null_count` of a column, with a prefix before each key.
  mutating func members(of bounds: ColumnBounds?, _ type: ColumnType, prefix: String = "") {
    member(prefix + "min", bounds?.minimum.map { TableFigures.text($0, type) })
    member(prefix + "max", bounds?.maximum.map { TableFigures.text($0, type) })
    if prefix.isEmpty { member("null_count", bounds?.nullCount) }
  }
}

extension TableFigures {
  /// The size as text; `?` if unknown.
  var byteText: String { byteCount.map { Quantity.bytes(Int($0)) } ?? "?" }
}
