/// A data file whose rows go into another one, wherever it lies.
package struct SegmentSource: Sendable, Hashable {
  /// Of the file.
  package var path: String
  /// The date of all its rows, days since 1970, where its partition says it and the file does not.
  package var day: Int?
  /// Files of one group become one; those of several may be read together.
  package var group = 0

  /// A file, alone unless `group` says otherwise.
  package init(path: String, day: Int? = nil, group: Int = 0) {
    self.path = path
    self.day = day
    self.group = group
  }
}
