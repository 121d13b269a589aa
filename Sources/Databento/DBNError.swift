import Platform

/// A DBN file or stream that cannot be read or written.
public struct DBNError: LakeError, Hashable {
  public enum Code: String, Sendable {
    /// The bytes break the format.
    case corrupt
    /// The bytes end before the format does.
    case truncated
    /// Well-formed, but of a kind or version that is not read here.
    case unsupported
    /// A header-less fragment, and nobody said which version it is.
    case versionNeeded
    /// A value that does not fit into a field of the format.
    case unrepresentable
    /// The operating system refused.
    case inputOutput
  }

  public struct Place: Hashable, Sendable {
    public var path: String?
    /// Offset in the decompressed stream.
    public var byteOffset: Int?
    /// Number of the record, from 0.
    public var record: Int?
    public init(path: String? = nil, byteOffset: Int? = nil, record: Int? = nil) {
      self.path = path
      self.byteOffset = byteOffset
      self.record = record
    }
  }

  public var code: Code
  public var message: String
  public var place: Place
  public var remedy: String?

  public init(
    _ code: Code, _ message: String, at byteOffset: Int? = nil, remedy: String? = nil
  ) {
    self.code = code
    self.message = message
    self.place = Place(byteOffset: byteOffset)
    self.remedy = remedy ?? Self.usualRemedy(code)
  }

  /// What helps in most cases of this kind.
  private static func usualRemedy(_ code: Code) -> String? {
    switch code {
    case .corrupt, .truncated: "the file is damaged or no DBN file: download or copy it again"
    case .versionNeeded: "say the version of its records: --dbn-version 3"
    case .unsupported, .unrepresentable, .inputOutput: nil
    }
  }

  public var placeText: String? {
    var parts: [String] = []
    if let path = place.path { parts.append(path == "-" ? "standard input" : "'\(path)'") }
    if let record = place.record { parts.append("record \(record)") }
    if let offset = place.byteOffset { parts.append("byte \(offset)") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// The same error, with the file it happened in.
  public func inFile(_ path: String) -> DBNError {
    var copy = self
    if copy.place.path == nil { copy.place.path = path }
    return copy
  }
}
