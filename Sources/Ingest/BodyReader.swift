import Catalog
import RowSources

/// Makes rows of a body that is not DBN.
public struct BodyReader {
  let open: (_ supply: any ByteSupply, _ schema: TableSchema) throws -> any RowSource

  public init(
    _ open: @escaping (_ supply: any ByteSupply, _ schema: TableSchema) throws -> any RowSource
  ) {
    self.open = open
  }
}
