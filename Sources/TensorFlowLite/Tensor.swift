public import Foundation

/// An input or output of a model by value.
public struct Tensor: Equatable, Hashable, Sendable {
  /// The tensor's name in the model.
  public let name: String

  /// The type of the elements.
  public let dataType: DataType

  /// The dimensions, outermost first.
  public let shape: Shape

  /// A copy of the elements in row-major order, little endian; elements below eight bits are packed, the first in the lowest bits. Strings are
  /// laid out as TFLite does: their number, where each begins and the last ends (`Int32`, from the start), then the characters.
  public let data: Data

  /// How integers stand for real numbers; nil where the model says nothing, or one scale per channel.
  public let quantizationParameters: QuantizationParameters?

  init(
    name: String, dataType: DataType, shape: Shape, data: Data, quantizationParameters: QuantizationParameters? = nil
  ) {
    self.name = name
    self.dataType = dataType
    self.shape = shape
    self.data = data
    self.quantizationParameters = quantizationParameters
  }
}

extension Tensor {
  /// The dimensions of a tensor.
  public struct Shape: Equatable, Hashable, Sendable {
    /// The number of dimensions.
    public let rank: Int

    /// The dimensions, outermost first.
    public let dimensions: [Int]

    /// A shape of these dimensions.
    public init(_ dimensions: [Int]) {
      rank = dimensions.count
      self.dimensions = dimensions
    }

    /// A shape of these dimensions.
    public init(_ elements: Int...) {
      self.init(elements)
    }
  }
}

extension Tensor.Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral: Int...) {
    self.init(arrayLiteral)
  }
}
