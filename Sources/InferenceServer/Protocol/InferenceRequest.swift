package import TFLiteRuntime
internal import TensorTypes

/// What the protocol says of an input or output of a model.
package struct TensorMetadata: Sendable, Hashable {
  package let name: String
  package let datatype: Datatype
  /// -1 where any size is taken.
  package let shape: [Int]

  package init(name: String, datatype: Datatype, shape: [Int]) {
    self.name = name
    self.datatype = datatype
    self.shape = shape
  }
}

/// A tensor with the name that the protocol calls it by.
package struct NamedTensor: Sendable, Hashable {
  package let name: String
  package let datatype: Datatype
  package let tensor: Tensor

  package init(name: String, datatype: Datatype, tensor: Tensor) {
    self.name = name
    self.datatype = datatype
    self.tensor = tensor
  }

  package var shape: [Int] { tensor.type.shape.dimensions }
}

/// A request to run a model, whatever it came over.
package struct InferenceRequest: Sendable {
  package var model: String
  /// Empty for the version that the server chooses.
  package var version: String
  /// Chosen by the client, to find the answer by; may be empty.
  package var id: String
  package var inputs: [NamedTensor]
  /// The outputs wanted, in this order; all when it is empty.
  package var outputs: [String]
  /// Outputs of which the so many highest values are wanted in place of all, by name.
  package var classes: [String: Int]
  /// How long it may take, waiting included; nil for the model's own limit.
  package var timeout: Duration?

  package init(
    model: String, version: String = "", id: String = "", inputs: [NamedTensor], outputs: [String] = [],
    classes: [String: Int] = [:], timeout: Duration? = nil
  ) {
    self.model = model
    self.version = version
    self.id = id
    self.inputs = inputs
    self.outputs = outputs
    self.classes = classes
    self.timeout = timeout
  }

  /// How errors name this request.
  package var label: String { "[request id: \(id.isEmpty ? "<id_unknown>" : id)]" }
}

/// The answer to an ``InferenceRequest``.
package struct InferenceResponse: Sendable {
  package let model: String
  package let version: String
  package let id: String
  package let outputs: [NamedTensor]

  /// Bytes of the outputs' values.
  var byteCount: Int {
    outputs.reduce(0) { $0 + ($1.tensor.strings?.reduce(0) { $0 + $1.count } ?? $1.tensor.bytes.count) }
  }
}

extension Shape {
  /// A shape of a request.
  init(requested dimensions: [Int], of name: String) throws(ServingError) {
    guard let shape = Shape(dimensions), dimensions.count <= 64 else {
      throw ServingError(.invalidArgument, "input '\(name)' has an invalid shape \(dimensions.protocolText)")
    }
    self = shape
  }
}

extension [Int] {
  /// As errors write shapes: `[1,224,224,3]`.
  var protocolText: String { "[" + map(String.init).joined(separator: ",") + "]" }
}
