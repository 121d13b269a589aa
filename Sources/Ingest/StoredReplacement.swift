import Catalog
import Columnar
import DeltaLog
import Tables

/// An input's rows replace rows that wait for the commit: those are committed first.
struct ReplacesPending: Error {}

extension IngestPass {
  /// Removes stored rows that rows of `work` replace: their files are rewritten without them.
  func replaceStored(
    _ replaced: [(file: StoredFileSource, rows: [Int: Bitmap])], work: inout SourceWork
  ) throws {
    for (source, rows) in replaced {
      guard let logPath = source.logPath else { throw ReplacesPending() }
      guard let file = try work.target.snapshot?.files.first(where: { $0.filePath == logPath }),
        let day = work.target.schema.period.start(of: file)
      else {
        throw PassError(.conservation, "a file of the table is in it no more", place: source.path)
      }
      let copy = try FilteredCopy(path: source.path, schema: work.target.schema)
      work.removals.append(file)
      let name = nextFilePrefix() + "-" + CivilDate(daysSinceEpoch: day).iso + SegmentWriter.suffix
      guard
        let staged = try copy.write(
          without: rows, day: day, directory: run.directory, fileName: name)
      else { continue }
      work.kept.append(PendingSegment(staged: staged, tags: file.tags))
    }
  }
}
