import Bytes
import DeltaLog
import Tables

/// Files of one partition that are written again, and why.
public struct RewriteUnit: Sendable {
  /// Partition values as the log has them.
  public let partition: PartitionKey
  /// The partition as it stands in a path: `date=2024-01-02`; empty where the table has none.
  public let name: String
  /// One word, like `small`.
  public let reason: String
  /// Live files that become one.
  package let files: [AddFile]

  /// Files that become one.
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

/// What a rewriting will do, before it does it: a plain value, and what runs.
public struct RewritePlan: Sendable {
  /// Name or path, as a message shows it.
  public let table: String
  /// The version that was looked at.
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

/// A unit that was written again and is not committed yet.
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

/// A table whose files are written again, as the engine sees it.
package protocol RewriteTarget: AnyObject {
  associatedtype Product: DeriveProduct
  /// Its folder or name, for messages.
  var path: String { get }
  /// Paths of the files that are in it, as it was last looked at.
  func livePaths() throws -> Set<String>
  /// Exchanges the units' files for what they became, in one commit.
  ///
  /// - Returns: The version; nil where another commit came first, and the table was looked at anew.
  func commit(_ units: [RewrittenUnit<Product>]) throws -> Int?
}

/// A pass whose effect is to rewrite: the same rows, in other files.
///
/// The pass says how a unit is written; commits, races, interruption and figures are the engine's
/// (`RewriteEngine`).
package protocol RewritePass: AnyObject, Sendable {
  associatedtype Target: RewriteTarget

  /// As it stands in messages and history.
  var name: String { get }
  var target: Target { get }
  /// Writes a unit's rows anew; called on several threads at once.
  ///
  /// - Parameter number: Of the unit in the plan: no two files of a run have one name.
  func rewrite(
    _ unit: RewriteUnit, number: Int
  ) throws -> (product: Target.Product, conserved: [Conserved])
}
