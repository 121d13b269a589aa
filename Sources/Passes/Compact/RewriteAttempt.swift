import Tables

/// What the writing of a table's files needs, until another commit comes first.
struct RewriteAttempt {
  /// Where files are made.
  let staging: StagingSession
  let observer: any PassObserver
  /// Tells the files of one attempt from those of another.
  let number: Int
  /// Memory for sorting one unit, in bytes.
  let byteCountMax: Int
}
