/// The shape of a FlatBuffer format, as far as checking a buffer's structure needs it.
///
/// Tables and unions are named by their index in ``tables`` and ``unions``.
public struct FlatBufferSchema: Sendable {
  /// What a slot of a table holds.
  public enum Field: Sendable, BitwiseCopyable {
    /// A number, enumeration or union type of 1, 2, 4 or 8 bytes.
    case scalar(size: Int)
    case string
    /// A vector of numbers that readers copy.
    case vector(elementSize: Int)
    /// A vector of bytes that readers use in place.
    case bytes
    case table(Int)
    case tables(Int)
    /// The value of a union, whose type is in the slot before.
    case union(Int)
  }

  /// One table.
  public struct Table: Sendable {
    /// The fields' names, for messages; may have fewer entries than `fields`.
    public let names: [String]
    public let fields: [Field]
    /// What reading one such table costs, in bytes of a typical reader's memory.
    public let cost: Int

    public init(names: [String] = [], fields: [Field], cost: Int = 16) {
      self.names = names
      self.fields = fields
      self.cost = cost
    }

    func name(_ slot: Int) -> String { slot < names.count ? names[slot] : "field \(slot)" }
  }

  public let tables: [Table]
  /// For each union the tables of its members, the first being member 1.
  public let unions: [[Int]]

  public init(tables: [Table], unions: [[Int]]) {
    self.tables = tables
    self.unions = unions
  }
}

/// Damage in a FlatBuffer, and the fields that lead to it from the root.
public struct FlatBufferDamage: Error, Sendable, Equatable {
  /// One step from a table to a field, and to an element when the field is a vector.
  public struct Step: Sendable, Equatable {
    public let field: String
    public let index: Int?
  }

  public let error: FlatBufferError
  /// From the root outwards.
  public let path: [Step]

  init(_ error: FlatBufferError, path: [Step] = []) {
    self.error = error
    self.path = path
  }

  func inside(_ field: String, index: Int? = nil) -> FlatBufferDamage {
    FlatBufferDamage(error, path: [Step(field: field, index: index)] + path)
  }
}
