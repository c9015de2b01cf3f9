/// The slot numbers of the tables of the TFLite schema (version 3d). Slots are the fields' positions; a union takes two, its type and
/// its value.
///
/// Source: the TFLite schema, `schema.fbs`.
enum Schema {
  /// The only schema version there is.
  static let version = 3
  /// Bytes 4 to 7 of a model.
  static let fileIdentifier = "TFL3"

  enum Model {
    static let version = 0
    static let operatorCodes = 1
    static let subgraphs = 2
    static let description = 3
    static let buffers = 4
    static let metadataBuffer = 5
    static let metadata = 6
    static let signatureDefs = 7
    static let externalBufferGroups = 8
    static let externalBuffers = 9
  }

  enum OperatorCode {
    static let deprecatedBuiltinCode = 0
    static let customCode = 1
    static let version = 2
    static let builtinCode = 3
  }

  enum SubGraph {
    static let tensors = 0
    static let inputs = 1
    static let outputs = 2
    static let operators = 3
    static let name = 4
    static let debugMetadataIndex = 5
  }

  enum Tensor {
    static let shape = 0
    static let type = 1
    static let buffer = 2
    static let name = 3
    static let quantization = 4
    static let isVariable = 5
    static let sparsity = 6
    static let shapeSignature = 7
    static let hasRank = 8
    static let variantTensors = 9
    static let externalBuffer = 10
  }

  enum Operator {
    static let opcodeIndex = 0
    static let inputs = 1
    static let outputs = 2
    static let builtinOptionsType = 3
    static let builtinOptions = 4
    static let customOptions = 5
    static let customOptionsFormat = 6
    static let mutatingVariableInputs = 7
    static let intermediates = 8
    static let largeCustomOptionsOffset = 9
    static let largeCustomOptionsSize = 10
    static let builtinOptions2Type = 11
    static let builtinOptions2 = 12
    static let debugMetadataIndex = 13
  }

  enum Buffer {
    static let data = 0
    static let offset = 1
    static let size = 2
  }

  enum QuantizationParameters {
    static let min = 0
    static let max = 1
    static let scale = 2
    static let zeroPoint = 3
    static let detailsType = 4
    static let details = 5
    static let quantizedDimension = 6
  }

  enum BlockwiseQuantization {
    static let scales = 0
    static let zeroPoints = 1
    static let blockSize = 2
  }

  enum MultiAxisQuantization {
    static let scales = 0
    static let zeroPoints = 1
    static let blockSize = 2
    static let quantizedDimensions = 3
  }

  enum SparsityParameters {
    static let traversalOrder = 0
    static let blockMap = 1
    static let dimMetadata = 2
  }

  enum DimensionMetadata {
    static let format = 0
    static let denseSize = 1
    static let arraySegmentsType = 2
    static let arraySegments = 3
    static let arrayIndicesType = 4
    static let arrayIndices = 5
  }

  enum ExternalBufferGroup {
    static let name = 0
  }

  enum ExternalBuffer {
    static let id = 0
    static let group = 1
    static let offset = 2
    static let length = 3
    static let packing = 4
  }

  enum Metadata {
    static let name = 0
    static let buffer = 1
  }

  enum TensorMap {
    static let name = 0
    static let tensorIndex = 1
  }

  enum SignatureDef {
    static let inputs = 0
    static let outputs = 1
    static let signatureKey = 2
    static let deprecatedTag = 3
    static let subgraphIndex = 4
  }
}
