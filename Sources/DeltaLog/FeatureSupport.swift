/// Which features of a table's files the caller applies when it reads them.
///
/// A reader that doesn't know of a deletion vector returns deleted rows; so tables that use such features are
/// refused unless the caller says that it applies them.
public enum FeatureSupport: Sendable {
  /// None: the files must have the table's columns under their names and with their types, and only live rows.
  case plainFiles
  /// Column mapping, deletion vectors and type widening; or the caller reads no data files.
  case allFeatures
}
