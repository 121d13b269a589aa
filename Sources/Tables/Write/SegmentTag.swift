/// Names of the tags that a segment has in the log, beside those of `AddFile.Tag`.
package enum SegmentTag {
  /// Start of the source interval that the segment's rows come from, within its date, in ns.
  package static let start = "lake.start"
  /// End of that interval, exclusive.
  package static let end = "lake.end"
}
