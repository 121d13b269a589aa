import Bytes
import Platform

/// Whether a folder's settings for keys and addresses are trusted.
///
/// Whoever can write a `lake.yaml` decides where a key comes from and where it is sent. The user's own files
/// need no trust: `lake.yaml` and its folder belong to the user who runs the program, nobody else can write
/// them, and if the lake was found rather than named (`--lake`, `LAKE_ROOT`), no folder above lets others
/// replace it. Everything else is trusted once the user says so (`lake config trust`), in its state at that
/// moment.
public struct ConfigTrust: Sendable {
  /// What is trusted separately: trusting one vendor's settings says nothing about another's.
  public enum Part: String, CaseIterable, Sendable {
    case databento, massive
    /// The keys in the folder's `.env`.
    case environmentFile = "env"

    init(_ vendor: Vendor) {
      switch vendor {
      case .databento: self = .databento
      case .massive: self = .massive
      }
    }
  }

  /// Real path of the folder.
  public let folder: String
  /// Settings that need trust, by part, as users know them.
  public private(set) var settings: [Part: [LakeConfig.Setting]] = [:]
  /// Why the folder is not the user's own; nil if it is.
  public let fault: String?
  private var digests: [String: String] = [:]

  /// Examines the folder of a lake.
  public init(_ lake: Lake) {
    let path = lake.config.path
    self.init(
      folder: lake.root, config: lake.config, fault: Self.fault(path, lake.root, lake.isNamed))
  }

  /// Examines a folder whose configuration is to be trusted.
  ///
  /// - Parameter folder: Its real path.
  public init(folder: String) throws(CatalogError) {
    let path = folder + "/" + Lake.configurationName
    let config =
      try FileSystem.exists(path) ? try LakeConfig(path: path, environment: [:]) : nil
    self.init(folder: folder, config: config, fault: nil)
  }

  /// The real path of a folder.
  public static func folder(
    _ path: String, in workingDirectory: String
  ) throws(CatalogError) -> String {
    guard let folder = try FileSystem.resolved(FileSystem.absolute(path, in: workingDirectory)),
      try FileSystem.isDirectory(folder)
    else {
      throw CatalogError(
        .notALake, "'\(path)' is no folder", place: .init(path: path),
        remedy: "name the folder that holds '\(Lake.configurationName)'")
    }
    return folder
  }

  /// Whether a folder still has the settings that were trusted: `as trusted`, `changed`, `gone`.
  public static func state(of entry: TrustedFolders.Entry) -> String {
    do throws(CatalogError) {
      guard try FileSystem.isDirectory(entry.path) else { return "gone" }
      return try ConfigTrust(folder: entry.path).entry == entry ? "as trusted" : "changed"
    } catch {
      // Unreadable settings differ from what was trusted.
      return "changed"
    }
  }

  /// Whether there is a readable `.env`.
  public var hasEnvironmentFile: Bool { digests[Part.environmentFile.rawValue] != nil }

  /// Examines a folder.
  ///
  /// - Parameter config: nil if it has no `lake.yaml`.
  init(folder: String, config: LakeConfig?, fault: String?) {
    self.folder = folder
    self.fault = fault
    for vendor in Vendor.allCases {
      let part = Part(vendor)
      let found = config?.fileSettings(of: vendor) ?? []
      if found.isEmpty { continue }
      settings[part] = found
      let owner = config.flatMap { Ownership.owner($0.path) }
      digests[part.rawValue] = Self.digest(
        owner, found.map { $0.key + "=" + $0.text })
    }
    let file = folder + "/" + VendorKey.environmentFileName
    if let text = VendorKey.environmentText(file) {
      digests[Part.environmentFile.rawValue] = Self.digest(Ownership.owner(file), [text])
    }
  }

  private static func fault(_ path: String, _ root: String, _ isNamed: Bool) -> String? {
    if !Ownership.isOwnName(path) || !Ownership.isOwnName(root) {
      // Somebody else's link may point to a file of one's own.
      let owner = Ownership.fault(path) ?? Ownership.fault(root)
      return owner ?? "is a link that somebody else made"
    }
    let real: String
    do throws(CatalogError) {
      real = try FileSystem.resolved(path) ?? path
    } catch {
      // If the owner cannot be determined, nobody is trusted.
      return "leads where it cannot be followed"
    }
    if let fault = Ownership.fault(real) { return fault }
    if let fault = Ownership.fault(root) { return "lies in a folder that " + fault }
    if isNamed { return nil }
    return Ownership.faultAbove(real) ?? Ownership.faultAbove(root)
  }

  private static func digest(_ owner: UInt32?, _ lines: [String]) -> String {
    let text = (["lake trust 1", owner.map { "\($0)" } ?? "?"] + lines).joined(separator: "\n")
    return Array(text.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
  }

  /// The entry that trusting the folder now would add.
  public var entry: TrustedFolders.Entry {
    TrustedFolders.Entry(path: folder, digests: digests)
  }

  /// Whether the folder has no settings that need trust.
  public var saysNothing: Bool { digests.isEmpty }

  /// Whether a part was trusted in its present state.
  public func isTrusted(_ part: Part, in list: TrustedFolders) -> Bool {
    guard let digest = digests[part.rawValue] else { return true }
    return list.entries.contains { $0.path == folder && $0.digests[part.rawValue] == digest }
  }

  /// Refuses a lake's settings for a vendor unless they are the user's own or trusted.
  static func require(
    _ vendor: Vendor, in lake: Lake, environment: [String: String]
  ) throws(CatalogError) {
    // An environment variable takes precedence over the file, and is the user's own.
    let used = lake.config.fileSettings(of: vendor).filter {
      lake.config.setting($0.key)?.origin == $0.origin
    }
    guard let first = used.first else { return }
    let trust = ConfigTrust(lake)
    guard let fault = trust.fault else { return }
    if trust.isTrusted(Part(vendor), in: try TrustedFolders(environment: environment)) { return }
    var line: Int?
    if case .line(let number) = first.origin { line = number }
    let names = used.map { "'\($0.key)'" }.joined(separator: " and ")
    throw CatalogError(
      .untrusted,
      "\(names) decide\(used.count == 1 ? "s" : "") where a key comes from and goes to, and this file "
        + fault,
      place: .init(path: lake.config.path, line: line),
      remedy:
        "look at the file, and if you trust it: lake config trust \(ShellText.path(lake.root))")
  }

  /// Refuses keys in a `.env` unless it is the user's own or trusted.
  static func requireEnvironmentFile(
    _ path: String, folder: String, environment: [String: String]
  ) throws(CatalogError) {
    let real = try FileSystem.resolved(path) ?? path
    let fault =
      Ownership.fault(real)
      ?? (Ownership.isOwnName(path) ? nil : "is a link that somebody else made")
    guard let fault else { return }
    let root = try FileSystem.resolved(folder) ?? folder
    let trust = ConfigTrust(folder: root, config: nil, fault: fault)
    if trust.isTrusted(.environmentFile, in: try TrustedFolders(environment: environment)) {
      return
    }
    throw CatalogError(
      .untrusted, "a key stands in this file, which " + fault, place: .init(path: path),
      remedy: "look at the file, and if you trust it: lake config trust \(ShellText.path(root))")
  }
}

extension LakeConfig {
  /// Settings of the file, not overridden by a variable, for a vendor's key and address. Defaults need no
  /// trust.
  func fileSettings(of vendor: Vendor) -> [Setting] {
    let prefix = "vendors.\(vendor.rawValue)."
    let usualURL = vendor.standardURL
    return secretSettings.filter { setting in
      switch setting.key {
      case prefix + "key_env": !vendor.keyVariables.contains(setting.text)
      case prefix + "key_file": true
      case prefix + "url": setting.text != usualURL && setting.text != usualURL + "/"
      default: false
      }
    }
  }
}
