import Bytes
import Platform

/// Whether what a folder's configuration says of keys and addresses is believed.
///
/// Who can write a `lake.yaml` decides where a key comes from and where it is sent. A person's own files need no
/// trust: `lake.yaml` and its folder belong to who runs the program, nobody else can write them, and where the
/// lake was found and not named (`--lake`, `LAKE_ROOT`), no folder above lets others put another in its place.
/// Everything else is believed once the person says so (`lake config trust`), as it stands at that moment.
public struct ConfigTrust: Sendable {
  /// What is trusted apart: to trust one vendor's settings says nothing of another's.
  public enum Part: String, CaseIterable, Sendable {
    case databento, massive
    /// The keys in the `.env` of the folder.
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
  /// Settings that matter, by part, as a person knows them.
  public private(set) var settings: [Part: [LakeConfig.Setting]] = [:]
  /// Why the folder is not the person's own; nil where it is.
  public let fault: String?
  private var digests: [String: String] = [:]

  /// Looks at the folder of a lake.
  public init(_ lake: Lake) {
    let path = lake.config.path
    self.init(
      folder: lake.root, config: lake.config, fault: Self.fault(path, lake.root, lake.isNamed))
  }

  /// Looks at a folder whose configuration is to be trusted.
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

  /// Whether a folder still says what was trusted of it: `as trusted`, `changed`, `gone`.
  public static func state(of entry: TrustedFolders.Entry) -> String {
    do throws(CatalogError) {
      guard try FileSystem.isDirectory(entry.path) else { return "gone" }
      return try ConfigTrust(folder: entry.path).entry == entry ? "as trusted" : "changed"
    } catch {
      // What cannot be read is not what was trusted.
      return "changed"
    }
  }

  /// Whether there is a `.env` that can be read.
  public var hasEnvironmentFile: Bool { digests[Part.environmentFile.rawValue] != nil }

  /// Looks at a folder.
  ///
  /// - Parameter config: nil where it holds no `lake.yaml`.
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
      // A link of somebody else's may lead to a file of one's own.
      let owner = Ownership.fault(path) ?? Ownership.fault(root)
      return owner ?? "is a link that somebody else made"
    }
    let real: String
    do throws(CatalogError) {
      real = try FileSystem.resolved(path) ?? path
    } catch {
      // Whose it is cannot be told: it is nobody's that could be trusted.
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

  /// What trusting the folder now writes down.
  public var entry: TrustedFolders.Entry {
    TrustedFolders.Entry(path: folder, digests: digests)
  }

  /// Whether nothing that the folder says would have to be trusted.
  public var saysNothing: Bool { digests.isEmpty }

  /// Whether a part was trusted as it stands.
  public func isTrusted(_ part: Part, in list: TrustedFolders) -> Bool {
    guard let digest = digests[part.rawValue] else { return true }
    return list.entries.contains { $0.path == folder && $0.digests[part.rawValue] == digest }
  }

  /// Refuses what a lake says of a vendor unless it is the person's own or trusted.
  static func require(
    _ vendor: Vendor, in lake: Lake, environment: [String: String]
  ) throws(CatalogError) {
    // A variable of the environment goes before the file, and is the person's own.
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

  /// Refuses keys in a `.env` unless it is the person's own or trusted.
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
  /// What the file, and no variable, says of where a vendor's key comes from and goes to. What is the
  /// usual anyway needs nobody's trust.
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
