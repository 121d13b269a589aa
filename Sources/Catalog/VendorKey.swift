import CSystem
import Glibc
import HTTP
import Platform

/// A vendor's key: from the environment, the file named in `lake.yaml`, or a `.env`.
public enum VendorKey {
  /// File of variables, next to `lake.yaml` or in the working folder.
  public static let environmentFileName = ".env"
  /// Bytes of such a file that are read at most.
  static let fileByteCountMax = 64 << 10

  /// Finds the key. An empty value counts as none.
  ///
  /// - Parameters:
  ///   - lakeRoot: nil without a lake.
  ///   - config: The lake's settings for the vendor; nil without a lake.
  /// - Throws: `noKey`, naming the variable to set; `unsafeKey` for a file that others can read.
  public static func find(
    _ vendor: Vendor, environment: [String: String], workingDirectory: String,
    lakeRoot: String? = nil, config: VendorConfig? = nil
  ) throws(CatalogError) -> Secret {
    let names = variables(of: vendor, config)
    for name in names {
      if let text = environment[name], !text.isEmpty { return try secret(text, name) }
    }
    if let file = config?.keyFile {
      return try fromKeyFile(file, environment: environment, lakeRoot: lakeRoot)
    }
    var folders: [String] = []
    for folder in [lakeRoot, workingDirectory].compactMap(\.self) where !folders.contains(folder) {
      folders.append(folder)
    }
    for folder in folders {
      let path = folder + "/" + environmentFileName
      guard let found = try fromEnvironmentFile(path, names) else { continue }
      try ConfigTrust.requireEnvironmentFile(path, folder: folder, environment: environment)
      return found
    }
    throw missing(vendor, names, environment)
  }

  /// The usual variables, unless the lake names another.
  private static func variables(of vendor: Vendor, _ config: VendorConfig?) -> [String] {
    guard let named = config?.keyVariable, !vendor.keyVariables.contains(named) else {
      return vendor.keyVariables
    }
    return [named]
  }

  private static func missing(
    _ vendor: Vendor, _ names: [String], _ environment: [String: String]
  ) -> CatalogError {
    let quoted = names.map { "'\($0)'" }
    let isEmpty = names.contains { environment[$0] != nil }
    let state =
      names.count == 1
      ? quoted[0] + (isEmpty ? " is empty" : " is not set")
      : "neither " + quoted.joined(separator: " nor ") + " is set"
        + (isEmpty ? ", or is empty" : "")
    return CatalogError(
      .noKey, "no key for \(vendor.title): \(state)",
      remedy: "export \(names[0])=…, or write it into a '.env' beside lake.yaml (chmod 600)")
  }

  private static func secret(_ text: String, _ origin: String) throws(CatalogError) -> Secret {
    let secret = Secret(text, origin: origin)
    guard secret.isWellFormed else {
      throw CatalogError(
        .noKey, "the key in \(origin) holds spaces or control characters, or is too long",
        remedy: "copy the key from the vendor's portal again")
    }
    return secret
  }

  // MARK: - Files

  private static func fromKeyFile(
    _ file: String, environment: [String: String], lakeRoot: String?
  ) throws(CatalogError) -> Secret {
    var path = file
    if path.hasPrefix("~/"), let home = environment["HOME"] { path = home + path.dropFirst(1) }
    path = FileSystem.absolute(path, in: lakeRoot ?? ".")
    let text = try SecretFile.text(path, isWanted: { _ in true })
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    let key = String(line.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    guard !key.isEmpty else {
      throw CatalogError(
        .noKey, "the key file is empty", place: .init(path: path),
        remedy: "write the key into it, alone on its line")
    }
    return try secret(key, "'\(path)'")
  }

  /// The text of a file of variables; nil if there is none, or it is unreadable.
  static func environmentText(_ path: String) -> String? {
    do throws(CatalogError) {
      guard try FileSystem.isFile(path) else { return nil }
      return try SecretFile.text(path, isWanted: { _ in false })
    } catch {
      // An unreadable file is reported when a key is needed from it; here it has no keys to trust.
      return nil
    }
  }

  /// nil if there is no such file, or it has none of the names.
  private static func fromEnvironmentFile(_ path: String, _ names: [String]) throws(CatalogError)
    -> Secret?
  {
    guard try FileSystem.isFile(path) else { return nil }
    func value(_ text: String) -> (name: String, value: String)? {
      let values = EnvironmentFile.values(text)
      for name in names {
        if let value = values[name], !value.isEmpty { return (name, value) }
      }
      return nil
    }
    // A file without any of our keys may be readable by others.
    let text = try SecretFile.text(path, isWanted: { value($0) != nil })
    guard let found = value(text) else { return nil }
    return try secret(found.value, "\(found.name) in '\(path)'")
  }
}

/// Reads a file with keys, which nobody else may be able to read.
enum SecretFile {
  /// - Parameter isWanted: Whether a text has a key, so that the file must be safe.
  static func text(_ path: String, isWanted: (String) -> Bool) throws(CatalogError) -> String {
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 { throw unreadable(path) }
    defer { lake_close(descriptor) }
    var status = stat()
    guard lake_fstat(descriptor, &status) == 0 else { throw unreadable(path) }
    let isFile = status.st_mode & S_IFMT == S_IFREG
    guard
      let bytes = Transfer.readToEnd(
        descriptor, byteCountMax: VendorKey.fileByteCountMax, isFile: isFile)
    else { throw unreadable(path) }
    let text = String(decoding: bytes.prefix(VendorKey.fileByteCountMax), as: UTF8.self)
    guard isWanted(text) else { return text }
    guard status.st_mode & 0o077 == 0 else {
      throw CatalogError(
        .unsafeKey, "others on this machine can read the file with the key",
        place: .init(path: path), remedy: "chmod 600 \(path)")
    }
    return text
  }

  private static func unreadable(_ path: String) -> CatalogError {
    CatalogError(
      .noKey, "the key file cannot be read: " + String(cString: strerror(lake_errno())),
      place: .init(path: path), remedy: "check 'key_file' in lake.yaml")
  }
}

/// `NAME=value` lines, as written for shells and many programs.
enum EnvironmentFile {
  static func values(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      var rest = line.drop { $0 == " " || $0 == "\t" }
      if rest.hasPrefix("export ") { rest = rest.dropFirst(7).drop { $0 == " " } }
      guard !rest.hasPrefix("#"), let equals = rest.firstIndex(of: "=") else { continue }
      let name = String(rest[..<equals].prefix { $0 != " " })
      values[name] = value(rest[rest.index(after: equals)...].drop { $0 == " " })
    }
    return values
  }

  private static func value(_ text: Substring) -> String {
    for quote in ["\"", "'"] as [Character] where text.first == quote {
      return String(text.dropFirst().prefix { $0 != quote })
    }
    // Text after a blank is a comment.
    return String(text.prefix { $0 != " " && $0 != "\t" })
  }
}
