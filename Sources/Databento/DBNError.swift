import Platform

/// A DBN file or stream that cannot be read or written.
public struct DBNError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// The bytes break the format.
    case corrupt
    /// The bytes end before the format does.
    case truncated
    /// A valid record or header of a kind or version that is not supported.
    case unsupported
    /// Records without a header, of an unknown version.
    case versionNeeded
    /// A value that does not fit into a field of the format.
    case unrepresentable
    /// An error of the operating system.
    case inputOutput
  }

  /// Where in which file.
  public struct Place: Hashable, Sendable {
    /// The file; `-` is standard input.
    public var path: String?
    /// Offset in the decompressed stream.
    public var byteOffset: Int?
    /// Number of the record, from 0.
    public var record: Int?
    /// All parts are optional.
    public init(path: String? = nil, byteOffset: Int? = nil, record: Int? = nil) {
      self.path = path
      self.byteOffset = byteOffset
      self.record = record
    }
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where in which file: filled in while the error travels outward.
  public var place: Place
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// An error of one kind.
  public init(
    _ code: Code, _ message: String, at byteOffset: Int? = nil, remedy: String? = nil
  ) {
    self.code = code
    self.message = message
    self.place = Place(byteOffset: byteOffset)
    self.remedy = remedy ?? Self.usualRemedy(code)
  }

  /// The remedy for most errors of this kind.
  private static func usualRemedy(_ code: Code) -> String? {
    switch code {
    case .corrupt, .truncated: "the file is damaged or no DBN file: download or copy it again"
    case .versionNeeded: "say the version of its records: --dbn-version 3"
    case .unsupported, .unrepresentable, .inputOutput: nil
    }
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    var parts: [String] = []
    if let path = place.path { parts.append(path == "-" ? "standard input" : "'\(path)'") }
    if let record = place.record { parts.append("record \(record)") }
    if let offset = place.byteOffset { parts.append("byte \(offset)") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// The same error, with its file.
  public func inFile(_ path: String) -> DBNError {
    var copy = self
    if copy.place.path == nil { copy.place.path = path }
    return copy
  }
}
