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
  /// What its rows became; none where it had none.
  package var products: [Product]
  /// Figures of which the engine checks that they are the same before and after.
  package var conserved: [Conserved]
  /// Rows that were left out because an equal one stays.
  package var duplicateCount = 0
  /// Rows that were quarantined because another one with their key stays.
  package var conflictCount = 0

  /// A unit and what was made of it.
  package init(unit: RewriteUnit, products: [Product], conserved: [Conserved]) {
    self.unit = unit
    self.products = products
    self.conserved = conserved
  }

  /// Rows of all products.
  package var rowCount: Int { products.reduce(0) { $0 + $1.rowCount } }
  /// Bytes of all products.
  package var byteCount: Int { products.reduce(0) { $0 + $1.byteCount } }
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
  /// - Returns: The version; nil where another commit came first, and the table was looked at anew.
  /// - Throws: Where the commit cannot be made again of the same units, whatever the table has become.
  func commit(_ units: [RewrittenUnit<Product>]) throws -> Int?
}

/// A pass whose effect is to rewrite: the same rows in other files, or fewer where some are there twice.
///
/// The pass rewrites a unit; commits, races, interruption and conservation are the engine's (`RewriteEngine`).
package protocol RewritePass: AnyObject, Sendable {
  associatedtype Target: RewriteTarget

  /// The name in messages and in the history.
  var name: String { get }
  var target: Target { get }
  /// Whether all units go into one commit, because the table is another one afterwards; else into groups.
  var isAtOnce: Bool { get }
  /// Writes a unit's rows anew; called on several threads at once.
  ///
  /// - Parameter number: Of the unit in the plan: no two files of a run have one name.
  func rewrite(_ unit: RewriteUnit, number: Int) throws -> RewrittenUnit<Target.Product>
}

extension RewritePass {
  /// Most passes commit in groups.
  package var isAtOnce: Bool { false }
}
