/// What one column of a file is taken for, where neither its name nor the user says it.
package enum ColumnInference: Hashable, Sendable {
  /// The index time.
  case time
  /// The date of the index time, whose time of day is the column at this position.
  case dated(clock: Int)
  case clock
  /// Fills the table's column of this name, where it has one.
  case field(String)
  /// Nothing that its name does not say.
  case byName
  /// Kept under its own name.
  case extra
  case ignored(String)
}

/// How a file of others is read: what was told from its first lines.
package struct InferredReading: Hashable, Sendable {
  /// Lines above the first row: what stands over the header, and the header.
  package var lineCount: Int
  /// What each column is called.
  package var names: [String]
  /// What separates fields.
  package var delimiter: UInt8
  /// What each column is taken for.
  package var uses: [ColumnInference]
  /// Forms of times, by column.
  package var patterns: [Int: TimePattern] = [:]
  /// How numbers are written.
  package var numbers = NumberStyle.plain
  /// What stands for no value in columns of numbers.
  package var nullTexts: Set<String> = []
  /// Column whose value is joined to the symbol, as it belongs to the rows' key.
  package var symbolSuffixColumn: Int?
  /// What is odd, for people.
  package var notes: [String] = []
}
