// Nested types of files: the schema's nodes as nested column types.

import Columnar

extension SchemaNode {
  /// The node's type as a column; nil if there is none, as for maps with nested keys.
  public var nestedType: NestedType? {
    if repetition == .repeated { return single.map { .list($0) } }
    return single
  }

  /// The type of a single occurrence of the node.
  private var single: NestedType? {
    if let type { return .primitive(type) }
    switch shape {
    case .list(let repeated, let element):
      return (element.map { $0.nestedType } ?? repeated.single).map { .list($0) }
    case .map(let entries):
      guard let key = entries.children[0].type, let value = entries.children[1].nestedType else {
        return nil
      }
      return .map(key: key, value: value)
    case .structure:
      var fields: [NestedField] = []
      for child in children {
        guard let type = child.nestedType else { return nil }
        fields.append(NestedField(child.name, type))
      }
      return .structure(fields)
    }
  }
}

extension NestedType {
  /// The same type with the names that its fields have in a file, for fields that are found by their ids. A field
  /// that the file lacks gets a name that no member has.
  public func located(in node: SchemaNode) -> NestedType {
    node.repetition == .repeated ? self : locatedSingle(in: node)
  }

  /// Whether a variant, two binary values in this type, has typed ones in a file, which hold what these lack.
  ///
  /// - Spec: Parquet VariantShredding.md.
  public func hasShreddedVariant(in node: SchemaNode) -> Bool {
    switch (self, node.shape) {
    case (.structure(let fields), .structure):
      if fields.map(\.name) == ["metadata", "value"],
        node.children.contains(where: { $0.name == "typed_value" })
      {
        return true
      }
      return fields.contains { field in
        let name = field.storedName ?? field.name
        return node.children.contains {
          $0.name == name && field.type.hasShreddedVariant(in: $0)
        }
      }
    case (.list(let element), .list(let repeated, let inner)):
      return element.hasShreddedVariant(in: inner ?? repeated)
    case (.map(_, let value), .map(let entries)) where entries.children.count > 1:
      return value.hasShreddedVariant(in: entries.children[1])
    default: return false
    }
  }

  private func locatedSingle(in node: SchemaNode) -> NestedType {
    switch (self, node.shape) {
    case (.structure(let fields), .structure):
      return .structure(
        fields.map { field in
          guard let id = field.fieldID else { return field }
          var field = field
          let child = node.children.first { $0.element.fieldID == id }
          // No field of a file has an empty name.
          field.storedName = child?.name ?? ""
          if let child { field.type = field.type.located(in: child) }
          return field
        })
    case (.list(let element), .list(let repeated, let inner)):
      return .list(
        inner.map { element.located(in: $0) } ?? element.locatedSingle(in: repeated))
    case (.map(let key, let value), .map(let entries)) where entries.children.count > 1:
      return .map(key: key, value: value.located(in: entries.children[1]))
    default: return self
    }
  }

  /// A type with the members of both that holds the values of both, if they have the same shape; else this one.
  public func merged(with other: NestedType) -> NestedType {
    switch (self, other) {
    case (.structure(var fields), .structure(let others)):
      for field in others {
        if let known = fields.firstIndex(where: { $0.name == field.name }) {
          fields[known].type = fields[known].type.merged(with: field.type)
        } else {
          fields.append(field)
        }
      }
      return .structure(fields)
    case (.list(let element), .list(let other)): return .list(element.merged(with: other))
    case (.map(let key, let value), .map(_, let other)):
      return .map(key: key, value: value.merged(with: other))
    case (.primitive(let type), .primitive(let other)):
      return .primitive(type.united(with: other) ?? type)
    default: return self
    }
  }
}

extension Value {
  /// The value in the shape of a type: members in its order, null if missing, times in its unit. What the type
  /// cannot hold is left unchanged.
  public func shaped(as type: NestedType) -> Value {
    switch (self, type) {
    case (.structure(let members), .structure(let fields)):
      return .structure(
        fields.enumerated().map { index, field in
          let name = field.storedName ?? field.name
          let isHere = index < members.count && members[index].name == name
          let value = isHere ? members[index].value : self[name] ?? .null
          return Member(field.name, value.shaped(as: field.type))
        })
    case (.list(let elements), .list(let element)):
      return .list(elements.map { $0.shaped(as: element) })
    case (.map(let entries), .map(let key, let value)):
      return .map(
        entries.map {
          MapEntry(key: $0.key.shaped(as: .primitive(key)), value: $0.value.shaped(as: value))
        })
    case (_, .primitive(let type)): return shaped(as: type)
    default: return self
    }
  }

  private func shaped(as type: ColumnType) -> Value {
    switch (self, type) {
    case (.timestamp(let count, let from, _), .timestamp(let to, let isUTC)):
      return count.changed(from: from, to: to).map { .timestamp($0, to, isUTC: isUTC) } ?? self
    case (.binary(let bytes), .string):
      return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? self
    case (.float(let number), .double): return .double(Double(number))
    case (.integer(let number), .double): return .double(Double(number))
    case (.integer(let number), .decimal(_, let scale)):
      return widened(Int128(number), .long, type).map { .decimal(unscaled: $0, scale: scale) }
        ?? self
    case (.decimal(let unscaled, let from), .decimal(let precision, let scale)):
      let stored = ColumnType.decimal(
        precision: Swift.max(precision - scale + from, 1), scale: from)
      return widened(unscaled, stored, type).map { .decimal(unscaled: $0, scale: scale) } ?? self
    case (.date(let days), .timestamp(let unit, isUTC: false)):
      return widened(Int128(days), .date, type).flatMap { Int64(exactly: $0) }
        .map { .timestamp($0, unit, isUTC: false) } ?? self
    case (.unsigned(let number), .integer(_, isSigned: true)):
      return Int64(exactly: number).map { .integer($0) } ?? self
    default: return self
    }
  }
}

/// A number of a narrower type as one of a wider type; nil if it is none.
private func widened(_ number: Int128, _ stored: ColumnType, _ type: ColumnType) -> Int128? {
  guard let factor = stored.wideningFactor(to: type) else { return nil }
  let (product, overflow) = number.multipliedReportingOverflow(by: factor)
  return overflow ? nil : product
}

extension Int64 {
  /// A count in another unit, rounded down; nil if it overflows.
  fileprivate func changed(from: TimeUnit, to: TimeUnit) -> Int64? {
    if to.perSecond >= from.perSecond {
      let (count, overflow) = multipliedReportingOverflow(by: to.perSecond / from.perSecond)
      return overflow ? nil : count
    }
    let (quotient, rest) = quotientAndRemainder(dividingBy: from.perSecond / to.perSecond)
    return rest < 0 ? quotient - 1 : quotient
  }
}
