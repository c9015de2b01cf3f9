internal import TFLiteRuntime
internal import TensorTypes

/// What `run` says about an output.
struct OutputSummary: Encodable {
  let index: Int
  let name: String
  let dtype: String
  let shape: [Int]
  /// nil where there are no numbers, or no finite ones.
  let min: Double?
  let max: Double?
  let mean: Double?

  init(index: Int, name: String, _ tensor: Tensor) {
    self.index = index
    self.name = name
    dtype = tensor.type.element.description
    shape = tensor.type.shape.dimensions
    let unquantized = Tensor(
      type: .init(element: tensor.type.element, shape: tensor.type.shape), bytes: tensor.bytes)
    let values = (unquantized?.realValues ?? []).map(Double.init)
    var least = Double.infinity
    var greatest = -Double.infinity
    var sum = 0.0
    for value in values {
      least = value < least ? value : least
      greatest = value > greatest ? value : greatest
      sum += value
    }
    let average = sum / Double(values.count)
    min = least.isFinite ? least : nil
    max = greatest.isFinite ? greatest : nil
    mean = average.isFinite ? average : nil
  }
}
