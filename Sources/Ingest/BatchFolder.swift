import Columnar
import Compression
import JSON
import Ledger
import RowSources

/// Files that Databento puts beside the data files of a batch download: lists that no table needs, and the days
/// that are flagged.
struct BatchFolder {
  private static let headByteCount = 1 << 16
  /// Limit of a list of days; a century's take less than 4 MB.
  private static let conditionByteCountMax = 16 << 20

  /// By path: what a companion file is, in words.
  private var companions: [String: String] = [:]
  /// By folder: the days that are flagged, ascending.
  private var degraded: [String: [Range<Int64>]] = [:]

  /// Searches the named files for companions; one that only has such a name is a file like any other.
  init(_ paths: [String]) {
    for path in paths {
      guard let kind = Self.kinds.first(where: { Self.name(of: path) == $0.name }),
        let head = Self.bytes(path, max: Self.headByteCount)
      else { continue }
      let clues = PageClues(head)
      guard kind.members.allSatisfy(clues.has) else { continue }
      if kind.name == "condition.json" {
        guard let days = Self.flaggedDays(path) else { continue }
        degraded[Self.folder(of: path), default: []] += days
      }
      companions[path] = kind.words
    }
  }

  private static let kinds: [(name: String, members: [String], words: String)] = [
    ("manifest.json", ["job_id", "files"], "the vendor's list of a batch's files"),
    ("metadata.json", ["job_id", "query"], "the vendor's description of a batch"),
    ("symbology.json", ["result", "stype_in"], "the vendor's list of a batch's symbols"),
    ("condition.json", ["date", "condition"], "the vendor's word on a batch's days"),
  ]

  /// What a companion file is, in words; nil for any other file.
  func companion(_ path: String) -> String? { companions[path] }

  /// The coverage of a file, split by what the vendor flags.
  func split(_ event: CoverageEvent, path: String) -> [CoverageEvent] {
    guard let days = degraded[Self.folder(of: path)], event.reason == nil else { return [event] }
    var timeline = Timeline<Bool>()
    timeline.paint(event.interval, false)
    for day in days where day.overlaps(event.interval) {
      timeline.paint(day.clamped(to: event.interval), true)
    }
    return timeline.stretches.enumerated().map { index, stretch in
      var part = event
      part.interval = stretch.interval
      if stretch.value { part.reason = CoverageEvent.flagged }
      // Row and byte counts are those of the whole.
      if index > 0 { (part.rowCount, part.byteCount) = (nil, nil) }
      return part
    }
  }

  private static func flaggedDays(_ path: String) -> [Range<Int64>]? {
    guard let bytes = bytes(path, max: conditionByteCountMax),
      // What is no list of days is treated as any other file.
      let items = try? bytes.withUnsafeBytes({ try JSONValue(parsing: $0) }).array
    else { return nil }
    var days: [Range<Int64>] = []
    for item in items {
      guard let date = item["date"]?.string.flatMap({ CivilDate(iso: $0) }),
        let condition = item["condition"]?.string
      else { return nil }
      let day = CivilDate.nanosecondsPerDay
      // A date of four digits lies far within 64 bits. checked:
      let start = Int64(date.daysSinceEpoch) * day
      if condition == "degraded" { days.append(start..<start + day) }
    }
    return days
  }

  /// The first bytes of a file; nil if it is unreadable, which is reported when it is ingested.
  private static func bytes(_ path: String, max byteCount: Int) -> [UInt8]? {
    // The error is reported when it is ingested.
    guard let input = try? InputStream(path: path), input.canBeReadAgain else { return nil }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var count = 0
    while count < byteCount {
      // As above.
      let read = try? bytes.withUnsafeMutableBytes {
        try input.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
      }
      guard let read else { return nil }
      if read == 0 { break }
      count += read
    }
    return Array(bytes[..<count])
  }

  private static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }
}
