internal import Kernels

/// What something was made from that interpreters can share: equal keys, interchangeable things. Keeps the constants.
struct OperatorKey: Hashable {
  enum Family {
    case convolution, fullyConnected, transposeConvolution, prelu
    /// A constant with room behind it.
    case paddedConstant
  }

  let family: Family
  /// Everything else that an operator is created with, in an order of the family's.
  var numbers: [Int] = []
  var arithmetic: ProductArithmetic?
  let constants: [Identity]

  init(_ family: Family, numbers: [Int] = [], arithmetic: ProductArithmetic? = nil, constants: [Constant?]) {
    self.family = family
    self.numbers = numbers
    self.arithmetic = arithmetic
    self.constants = constants.map { Identity(constant: $0) }
  }

  /// A constant or none, compared by who it is.
  struct Identity: Hashable {
    let constant: Constant?

    static func == (a: Identity, b: Identity) -> Bool { a.constant === b.constant }

    func hash(into hasher: inout Hasher) { hasher.combine(constant.map { ObjectIdentifier($0) }) }
  }
}
