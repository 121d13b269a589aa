/// Names of the tags that a segment carries in the log, beside those of `AddFile.Tag`.
package enum SegmentTag {
  /// The interval of the source that the segment's rows come from, within its date, in ns: half-open.
  package static let start = "lake.start"
  /// Its end.
  package static let end = "lake.end"
}
