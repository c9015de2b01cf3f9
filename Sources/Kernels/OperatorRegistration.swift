public import TensorTypes

/// An operator of an ``OperatorTable``: who it is, and how one is made of the options that a model stores.
public struct OperatorRegistration: Sendable {
  public let definition: OperatorDefinition

  /// The operator with these options, which are those of one node of a model. May be called from several threads.
  ///
  /// - Throws: ``TensorTypes/OperatorError/malformed(_:)`` for values outside the operator's range.
  public let make: @Sendable (_ options: OperatorOptions) throws(OperatorError) -> any Operator

  /// The registration of an operator that is made in another way than by ``Operator/init(options:)``; its type may serve several definitions.
  public init(
    _ definition: OperatorDefinition,
    make: @escaping @Sendable (_ options: OperatorOptions) throws(OperatorError) -> any Operator
  ) {
    self.definition = definition
    self.make = make
  }

  /// The registration of an operator that is a Swift type.
  public init(_ type: any Operator.Type) {
    definition = type.definition
    make = { options throws(OperatorError) in try type.init(options: options) }
  }
}
