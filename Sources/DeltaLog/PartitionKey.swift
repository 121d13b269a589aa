/// One partition of a table: a value, or null, for each partition column.
public struct PartitionKey: Hashable, Sendable, CustomStringConvertible {
  /// By column; nil is null.
  public let values: [String: String?]

  /// Empty values become null, as in the protocol.
  public init(_ values: [String: String?]) {
    self.values = values.mapValues { $0.flatMap { $0.isEmpty ? nil : $0 } }
  }

  /// A partition of a table that is partitioned by `date` only.
  ///
  /// - Parameter date: As `2024-01-02`.
  public init(date: String) { self.init(["date": date]) }

  /// The folder of the partition's files: `date=2024-01-02`, values percent-encoded, null as
  /// `__HIVE_DEFAULT_PARTITION__`.
  ///
  /// - Parameter columns: The table's partition columns, in order.
  public func folder(_ columns: [String]) -> String {
    columns.map { column in
      let value = values[column] ?? nil
      return Self.escaped(column) + "=" + (value.map(Self.escaped) ?? Self.nullFolder)
    }.joined(separator: "/")
  }

  /// The folder name for null.
  public static let nullFolder = "__HIVE_DEFAULT_PARTITION__"

  /// Hive's escaping of folder names: characters that a file system or a URI could misread become `%XX`.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\u{0}"..."\u{1F}", "\"", "#", "%", "'", "*", "/", ":", "=", "?", "\\", "\u{7F}", "{",
        "[", "]", "^":
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// As in paths: `date=2024-01-02/symbol=SPY`.
  public var description: String {
    values.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value ?? "null")" }.joined(separator: ", ")
  }
}

/// The partitions that a transaction has read, or replaces.
public enum PartitionSet: Hashable, Sendable {
  case none
  case some(Set<PartitionKey>)
  case all

  /// Whether it contains no partition.
  public var isEmpty: Bool {
    switch self {
    case .none: true
    case .some(let keys): keys.isEmpty
    case .all: false
    }
  }

  /// - Parameter key: nil if unknown: then it may be any.
  func contains(_ key: PartitionKey?) -> Bool {
    switch self {
    case .none: false
    case .some(let keys): key.map { keys.contains($0) } ?? !keys.isEmpty
    case .all: true
    }
  }

  /// Adds a partition.
  public mutating func insert(_ key: PartitionKey) {
    switch self {
    case .none: self = .some([key])
    case .some(var keys):
      keys.insert(key)
      self = .some(keys)
    case .all: break
    }
  }
}
