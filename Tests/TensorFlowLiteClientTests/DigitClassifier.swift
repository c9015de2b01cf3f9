import Foundation
import TensorFlowLite

// A program as they are written for TensorFlowLiteSwift on iOS; nothing in it knows this package.

/// A result from invoking the `Interpreter`.
struct Result {
  let inferenceTime: Double
  let inferences: [Inference]
}

/// An inference from invoking the `Interpreter`.
struct Inference {
  let confidence: Float
  let label: String
}

enum ClassifierError: Error {
  case invalidImage
  case unsupportedModel(Tensor.DataType)
  case interpreter(InterpreterError)
}

class DigitClassifier {
  let threadCount: Int
  let resultCount = 3
  let batchSize = 1
  let inputChannels = 1
  let inputWidth = 32
  let inputHeight = 32

  private var labels: [String] = []
  private var interpreter: Interpreter

  init?(modelPath: String, labelsPath: String, threadCount: Int = 1, useAccelerator: Bool = false) {
    self.threadCount = threadCount
    var options = InterpreterOptionsBuilder.makeOptions()
    options.threadCount = threadCount
    do {
      var delegates: [Delegate]? = nil
      if useAccelerator {
        if let coreML = CoreMLDelegate() {
          delegates = [coreML]
        } else {
          var metalOptions = MetalDelegate.Options()
          metalOptions.waitType = .active
          delegates = [MetalDelegate(options: metalOptions)]
        }
      }
      interpreter = try Interpreter(modelPath: modelPath, options: options, delegates: delegates)
      try interpreter.allocateTensors()
    } catch let error {
      print("Failed to create the interpreter with error: \(error.localizedDescription)")
      return nil
    }
    guard let contents = try? String(contentsOfFile: labelsPath, encoding: .utf8) else { return nil }
    labels = contents.components(separatedBy: .newlines).filter { !$0.isEmpty }
  }

  func runModel(onPixels pixels: [UInt8]) throws -> Result {
    guard pixels.count == inputWidth * inputHeight * inputChannels * batchSize else {
      throw ClassifierError.invalidImage
    }
    let interval: TimeInterval
    let outputTensor: Tensor
    do {
      let inputTensor = try interpreter.input(at: 0)
      let floats = pixels.map { Float($0) / 255.0 }
      let data = inputTensor.dataType == .uInt8 ? Data(pixels) : Data(copyingBufferOf: floats)
      try interpreter.copy(data, toInputAt: 0)
      let startDate = Date()
      try interpreter.invoke()
      interval = Date().timeIntervalSince(startDate) * 1000
      outputTensor = try interpreter.output(at: 0)
    } catch let error as InterpreterError {
      switch error {
      case .invalidTensorDataCount(let provided, let required):
        print("\(provided) bytes in place of \(required)")
      default:
        break
      }
      throw ClassifierError.interpreter(error)
    }
    let results: [Float]
    switch outputTensor.dataType {
    case .uInt8:
      guard let quantization = outputTensor.quantizationParameters else {
        throw ClassifierError.unsupportedModel(outputTensor.dataType)
      }
      let quantizedResults = [UInt8](outputTensor.data)
      results = quantizedResults.map { quantization.scale * Float(Int($0) - quantization.zeroPoint) }
    case .float32:
      results = [Float32](unsafeData: outputTensor.data) ?? []
    default:
      throw ClassifierError.unsupportedModel(outputTensor.dataType)
    }
    return Result(inferenceTime: interval, inferences: getTopN(results: results))
  }

  private func getTopN(results: [Float]) -> [Inference] {
    let zippedResults = zip(labels.indices, results)
    let sortedResults = zippedResults.sorted { $0.1 > $1.1 }.prefix(resultCount)
    return sortedResults.map { result in Inference(confidence: result.1, label: labels[result.0]) }
  }
}

enum InterpreterOptionsBuilder {
  static func makeOptions() -> Interpreter.Options {
    var options = Interpreter.Options()
    options.isXNNPackEnabled = true
    return options
  }
}

// MARK: - Extensions

extension Data {
  /// Creates a new buffer by copying the buffer pointer of the given array.
  init<T>(copyingBufferOf array: [T]) {
    self = array.withUnsafeBufferPointer(Data.init)
  }
}

extension Array {
  /// Creates a new array from the bytes of the given unsafe data.
  init?(unsafeData: Data) {
    guard unsafeData.count % MemoryLayout<Element>.stride == 0 else { return nil }
    #if swift(>=5.0)
      self = unsafeData.withUnsafeBytes { .init($0.bindMemory(to: Element.self)) }
    #else
      self = unsafeData.withUnsafeBytes {
        .init(
          UnsafeBufferPointer<Element>(
            start: $0, count: unsafeData.count / MemoryLayout<Element>.stride))
      }
    #endif
  }
}
