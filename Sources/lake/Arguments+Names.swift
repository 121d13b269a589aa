import Catalog
import CommandLineKit
import Market
import Query
import RowSources

/// Validation of flag values that needs no data: a mistake is a usage error.
extension Arguments {
  /// The name of an output table; nil if the flag is not given.
  func tableName(_ flag: String) throws(UsageError) -> TableName? {
    guard let text = value(flag) else { return nil }
    do throws(CatalogError) {
      return try TableName(forRows: text)
    } catch {
      throw UsageError(
        .badValue, "flag '--\(written(flag))': " + error.message, remedy: error.remedy,
        command: spec.name)
    }
  }

  /// Names of columns, with commas between them; one with a comma of its own stands in double quotes.
  mutating func columnNames(_ flag: String) throws(UsageError) -> [String] {
    var names: [String] = []
    for text in values(flag) {
      guard let more = ColumnList.names(in: text) else {
        throw bad(
          flag, text, "names of columns, like symbol,ts_event", "one with a comma: '\"a,b\"'")
      }
      names += more
    }
    return names
  }

  /// Requires an interval, such as `1s`.
  func requireInterval(_ flag: String, _ text: String?) throws(UsageError) {
    guard let text, Interval.parse(text) == nil else { return }
    throw bad(flag, text, "a count and a unit, like 15s, 1m, 1h or 1d", nil)
  }

  /// Requires a time zone that the system knows.
  func requireTimeZone(_ flag: String) throws(UsageError) {
    guard let text = value(flag) else { return }
    do {
      _ = try TimeZoneRules.named(text)
    } catch {
      throw UsageError(
        .badValue, "flag '--\(written(flag))': " + error.message, remedy: error.remedy,
        command: spec.name)
    }
  }

  /// Requires mappings of the form `theirs=ours`.
  func requireMappings(_ flag: String) throws(UsageError) {
    for text in values(flag) where ColumnMapping(parsing: text) == nil {
      throw bad(flag, text, "'theirs=ours'", "--\(flag) px=price")
    }
  }
}
