import Catalog
import RowSources

/// Makes rows of a body that is not DBN.
public struct BodyReader {
  let open: (_ supply: any ByteSupply, _ schema: TableSchema) throws -> any RowSource

  /// - Parameter open: Called once a reading, with the body from its beginning and the schema of its table.
  public init(
    _ open: @escaping (_ supply: any ByteSupply, _ schema: TableSchema) throws -> any RowSource
  ) {
    self.open = open
  }
}
