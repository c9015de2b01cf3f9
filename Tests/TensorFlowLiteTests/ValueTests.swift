import Foundation
import Testing

@testable import TensorFlowLite

@Suite struct ModelTests {
  @Test func ofAPath() throws {
    let model = try #require(Model(filePath: ModelFile.add.path))
    #expect(model.cModel != nil)
    #expect(model.data == nil)
  }

  @Test func ofAnEmptyPath() { #expect(Model(filePath: "") == nil) }

  @Test func ofAPathThatDoesNotExist() { #expect(Model(filePath: "invalid/path") == nil) }

  @Test func ofData() throws {
    let model = try #require(Model(modelData: try ModelFile.add.data))
    #expect(model.cModel != nil)
    #expect(try model.data == ModelFile.add.data)
  }
}

@Suite struct QuantizationParametersTests {
  @Test func customValues() {
    let parameters = QuantizationParameters(scale: 0.5, zeroPoint: 1)
    #expect(parameters.scale == 0.5)
    #expect(parameters.zeroPoint == 1)
  }

  @Test func equality() {
    let parameters = QuantizationParameters(scale: 0.5, zeroPoint: 1)
    #expect(parameters == QuantizationParameters(scale: 0.5, zeroPoint: 1))
    #expect(parameters != QuantizationParameters(scale: 0.4, zeroPoint: 1))
    #expect(parameters != QuantizationParameters(scale: 0.5, zeroPoint: 2))
  }
}

@Suite struct TensorTests {
  private func tensor(_ name: String) -> Tensor {
    Tensor(
      name: name, dataType: .uInt8, shape: Tensor.Shape([2, 2, 3]), data: Data(name.utf8),
      quantizationParameters: QuantizationParameters(scale: 0.5, zeroPoint: 1))
  }

  @Test func properties() {
    let tensor = tensor("InputTensor")
    #expect(tensor.name == "InputTensor")
    #expect(tensor.dataType == .uInt8)
    #expect(tensor.shape == Tensor.Shape([2, 2, 3]))
    #expect(tensor.data == Data("InputTensor".utf8))
    #expect(tensor.quantizationParameters == QuantizationParameters(scale: 0.5, zeroPoint: 1))
  }

  @Test func equality() {
    #expect(tensor("Tensor") == tensor("Tensor"))
    #expect(tensor("Tensor") != tensor("Tensor2"))
  }
}

@Suite struct TensorShapeTests {
  @Test func ofAnArray() {
    let shape = Tensor.Shape([2, 2, 3])
    #expect(shape.rank == 3)
    #expect(shape.dimensions == [2, 2, 3])
  }

  @Test func ofElements() {
    let shape = Tensor.Shape(2, 2, 3)
    #expect(shape.rank == 3)
    #expect(shape.dimensions == [2, 2, 3])
  }

  @Test func ofALiteral() {
    let shape: Tensor.Shape = [2, 2, 3]
    #expect(shape.rank == 3)
    #expect(shape.dimensions == [2, 2, 3])
  }

  @Test func equality() {
    #expect(Tensor.Shape(2, 2, 3) == [2, 2, 3])
    #expect(Tensor.Shape(2, 2, 3) != [2, 2, 4])
  }
}

@Suite struct RuntimeTests {
  @Test func version() throws {
    let semantic = /(\d+)\.(\d+)\.(\d+)([+-][-.0-9A-Za-z]+)?(\+\w+)?/
    #expect(TensorFlowLite.Runtime.version.wholeMatch(of: semantic) != nil)
  }
}
