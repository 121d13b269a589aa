import Columnar
import DeltaLog
import Market

extension Snapshot {
  /// The period of the table's partitions.
  ///
  /// - Throws: `CatalogError` if the property has an unknown value, or names another column than the table is
  ///   partitioned by: then it is unclear where a row belongs.
  public func partitionPeriod() throws(CatalogError) -> PartitionPeriod {
    guard let text = configuration[TableProperty.partitionPeriod] else { return .date }
    guard let period = PartitionPeriod(rawValue: text), partitionColumns == [period.column] else {
      throw CatalogError(
        .tableMismatch,
        "'\(TableProperty.partitionPeriod)' is '\(text)', and the table is partitioned by "
          + "'\(partitionColumns.joined(separator: ", "))'",
        remedy: "set the property to what the table is partitioned by: date, month or year")
    }
    return period
  }
}

extension PartitionPeriod {
  /// The partition of the period that begins on a day.
  ///
  /// - Parameter day: Days since 1970.
  public func key(startingOn day: Int) -> PartitionKey {
    PartitionKey([column: CivilDate(daysSinceEpoch: day).iso])
  }

  /// The first day of a file's partition, days since 1970; nil if its value is no date.
  public func start(of file: AddFile) -> Int? {
    file.partitionValue(column).flatMap { CivilDate(iso: $0) }?.daysSinceEpoch
  }
}
