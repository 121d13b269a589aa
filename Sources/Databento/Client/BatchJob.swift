import Columnar
import JSON

/// A batch job of the vendor, which prepares files.
public struct BatchJob: Hashable, Sendable {
  /// The state of the job.
  public enum State: String, Sendable { case received, queued, processing, done, expired }

  /// The vendor's id of the job.
  public var id: String
  /// nil for an unknown state.
  public var state: State?
  /// The vendor's word for the state.
  public var stateName: String
  /// 0 to 100, if the vendor reports it.
  public var progress: Int?
  /// Records of all files; nil until the job is done.
  public var recordCount: Int?
  /// Billed size; nil until known.
  public var billedByteCount: Int?
  /// Price in nano-dollars.
  public var cost: Int64?
  /// The request, as the vendor repeats it.
  private let asked: [String: String]

  init?(_ json: JSONValue) {
    guard let id = json["id"]?.string, Self.isSafe(id), let name = json["state"]?.string else {
      return nil
    }
    self.id = id
    stateName = name
    state = State(rawValue: name)
    progress = json["progress"]?.int64.map { Int(clamping: $0) }
    recordCount = json["record_count"]?.int64.map { Int(clamping: $0) }
    billedByteCount = json["billed_size"]?.int64.map { Int(clamping: $0) }
    cost = json["cost_usd"]?.number.flatMap(DatabentoClient.nanoDollars)
    asked = Dictionary(
      uniqueKeysWithValues: Self.askedNames.compactMap { name in
        json[name]?.string.map { (name, $0) }
      })
  }

  private static let askedNames = [
    "dataset", "schema", "symbols", "stype_in", "start", "end", "encoding", "compression",
    "split_duration",
  ]

  /// Whether the job is for the same request as `submitJob` would make.
  public func isFor(_ query: DatabentoQuery, split: BatchSplit) -> Bool {
    func time(_ name: String) -> Int64? {
      asked[name].flatMap { TimeText.parseISO($0) }?.nanoseconds
    }
    let symbols = Set((asked["symbols"] ?? "").split(separator: ",").map(String.init))
    let wanted = query.symbols.isEmpty ? ["ALL_SYMBOLS"] : Set(query.symbols)
    return asked["dataset"] == query.dataset && asked["schema"] == query.schema.rawValue
      && asked["stype_in"] == query.stypeIn.name && symbols == wanted
      && time("start") == query.start && time("end") == query.end
      && asked["encoding"] == "dbn" && asked["compression"] == "zstd"
      && asked["split_duration"] == split.rawValue
  }

  /// Whether a name from the vendor is safe as a file name: no folder, nothing hidden.
  static func isSafe(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 255 && !name.hasPrefix(".")
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x5C }
  }
}

/// A file of a job.
public struct BatchFile: Hashable, Sendable {
  /// Without folder.
  public var name: String
  /// The file's size.
  public var byteCount: Int
  /// 64 hexadecimal digits.
  public var sha256: String
  /// URL of the file.
  public var url: String

  /// A file of a job.
  public init(name: String, byteCount: Int, sha256: String, url: String) {
    self.name = name
    self.byteCount = byteCount
    self.sha256 = sha256
    self.url = url
  }

  /// Whether it has records, rather than the job's description.
  public var isData: Bool { name.hasSuffix(".dbn.zst") || name.hasSuffix(".dbn") }

  init?(_ json: JSONValue) {
    guard let name = json["filename"]?.string, BatchJob.isSafe(name),
      let count = json["size"]?.int64, count >= 0, let hash = json["hash"]?.string,
      hash.hasPrefix("sha256:"), let url = json["urls"]?["https"]?.string
    else { return nil }
    let digits = hash.dropFirst(7).lowercased()
    let isHex = digits.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
    }
    guard digits.utf8.count == 64, isHex else { return nil }
    self.init(name: name, byteCount: Int(count), sha256: digits, url: url)
  }
}

/// How a job's files are split.
public enum BatchSplit: String, Sendable { case day, week, month, year, none }
