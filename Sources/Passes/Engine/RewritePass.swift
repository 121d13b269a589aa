import Bytes
import DeltaLog
import Tables

/// Files of one partition that are rewritten, and why.
public struct RewriteUnit: Sendable {
  /// Partition values as the log has them.
  public let partition: PartitionKey
  /// The partition as it is in paths: `date=2024-01-02`; empty if the table has none.
  public let name: String
  /// One word, like `small`.
  public let reason: String
  /// Live files that are merged into one.
  package let files: [AddFile]

  /// Files that are merged into one.
  public var fileCount: Int { files.count }
  /// Their size on disk together.
  public var byteCount: Int64 { files.reduce(0) { $0.adding(clamped: $1.size) } }

  /// - Parameter reason: One word for the plan that is printed.
  package init(partition: PartitionKey, name: String, reason: String, files: [AddFile]) {
    self.partition = partition
    self.name = name
    self.reason = reason
    self.files = files
  }
}

/// What a rewriting pass will do: a plain value that is printed, tested and run.
public struct RewritePlan: Sendable {
  /// Name or path, as a message shows it.
  public let table: String
  /// The version that was planned with.
  public let version: Int
  /// What is rewritten, in the order of the work.
  public let units: [RewriteUnit]
  /// Files that stay as they are.
  public let keptCount: Int

  /// - Parameter keptCount: Files that are left as they are.
  package init(table: String, version: Int, units: [RewriteUnit], keptCount: Int) {
    self.table = table
    self.version = version
    self.units = units
    self.keptCount = keptCount
  }
}

/// A rewritten unit that is not committed yet.
package struct RewrittenUnit<Product: DeriveProduct>: Sendable {
  /// As planned.
  package var unit: RewriteUnit
  /// The file that replaces the unit's files.
  package var product: Product

  /// A unit and the file made of it.
  package init(unit: RewriteUnit, product: Product) {
    self.unit = unit
    self.product = product
  }
}

/// A table whose files are rewritten, as the engine sees it.
package protocol RewriteTarget: AnyObject {
  associatedtype Product: DeriveProduct
  /// Its folder or name, for messages.
  var path: String { get }
  /// Paths of the live files, as last read.
  func livePaths() throws -> Set<String>
  /// Replaces the units' files with the new ones, in one commit.
  ///
  /// - Returns: The version; nil if another commit came first, and the table was read again.
  func commit(_ units: [RewrittenUnit<Product>]) throws -> Int?
}

/// A pass whose effect is to rewrite: the same rows in other files.
///
/// The pass rewrites a unit; commits, races, interruption and conservation are the engine's (`RewriteEngine`).
package protocol RewritePass: AnyObject, Sendable {
  associatedtype Target: RewriteTarget

  /// The name in messages and in the history.
  var name: String { get }
  var target: Target { get }
  /// Rewrites a unit's rows; called on several threads at once.
  ///
  /// - Parameter number: Index of the unit in the plan, which makes file names unique.
  func rewrite(
    _ unit: RewriteUnit, number: Int
  ) throws -> (product: Target.Product, conserved: [Conserved])
}
