public import FlatBuffers
public import Kernels

/// A model: the graphs, constants and signatures of one .tflite file, verified.
///
/// Nothing about the file is trusted. It is first checked as a FlatBuffer, then its meaning is: indices, sizes of constants,
/// quantisation, the order of operators, subgraphs that call one another. Whatever bytes are given, an initializer either succeeds or
/// throws a ``ModelError`` that names the place. Memory and time stay proportional to the file's size; constants are not copied
/// (except where their address in the file does not suit their element type).
///
/// A model that uses operators or versions which the operator table does not have still loads, so that it can be inspected:
/// ``Node/implementation`` then says what is missing.
///
/// Immutable, and safe to use from several threads. A file given by path must not be shortened while the model lives.
///
/// Source: the schema's `Model`.
public final class Model: Sendable {
  /// The version of the schema, 3.
  public let version: Int
  /// The text that the converter left; often empty.
  public let description: String
  /// The subgraphs by index. The first is the one that runs when no signature is named.
  public let subgraphs: [Graph]
  /// The named entry points; often empty.
  public let signatures: [Signature]
  /// Named blocks of bytes that travel with the model.
  public let metadata: [Metadata]
  /// The operators that nodes were looked up in.
  public let operators: OperatorTable
  public let limits: Limits
  /// The size of the file.
  public let byteCount: Int
  /// The file's bytes.
  package let content: SharedBytes
  /// The subgraphs after the graph passes, made when an interpreter first asks for them.
  let compiledGraphs = CompiledGraphs()
  /// The packed weights that other processes left.
  let cachedWeights = CachedWeightsOfModel()

  /// Loads the file at `path`, which is mapped, not read. External buffers are looked for beside it.
  ///
  /// - Throws: ``ModelError`` of kind `unreadable`, `malformed`, `unsupported` or `limitExceeded`.
  public convenience init(
    contentsOf path: String, operators: OperatorTable = .builtin, limits: Limits = .standard
  ) throws(ModelError) {
    let bytes: SharedBytes
    do {
      bytes = try SharedBytes(mappingFileAt: path)
    } catch {
      throw ModelError(.unreadable, "\(path): \(error)")
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    try self.init(bytes, externalBufferFolder: folder, operators: operators, limits: limits)
  }

  /// Loads a model from a copy of `bytes`.
  ///
  /// - Throws: ``ModelError`` of kind `malformed`, `unsupported`, `limitExceeded` or `outOfMemory`.
  public convenience init(
    bytes: [UInt8], operators: OperatorTable = .builtin, limits: Limits = .standard
  ) throws(ModelError) {
    let copy: SharedBytes
    do {
      copy = unsafe try SharedBytes(copying: bytes.span.bytes)
    } catch {
      throw ModelError(.outOfMemory, "\(error)")
    }
    try self.init(copy, operators: operators, limits: limits)
  }

  /// Loads `length` bytes (to the end of the file when nil) from `offset` of an open file, which is mapped. The descriptor may be
  /// closed afterwards.
  ///
  /// - Throws: ``ModelError`` of kind `unreadable`, `malformed`, `unsupported` or `limitExceeded`.
  public convenience init(
    fileDescriptor: Int32, offset: Int = 0, length: Int? = nil, operators: OperatorTable = .builtin,
    limits: Limits = .standard
  ) throws(ModelError) {
    let bytes: SharedBytes
    do {
      bytes = try SharedBytes(mapping: fileDescriptor, offset: offset, length: length)
    } catch {
      throw ModelError(.unreadable, "file descriptor \(fileDescriptor): \(error)")
    }
    try self.init(bytes, operators: operators, limits: limits)
  }

  /// Loads a model from bytes that it keeps and does not copy.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - externalBufferFolder: where files with external buffers are; without it, a model that needs one is an error.
  ///   - operators: the operators that the model may use.
  ///   - limits: bound what the model may ask for.
  /// - Throws: ``ModelError`` of kind `unreadable` (an external buffer), `malformed`, `unsupported` or `limitExceeded`.
  public init(
    _ bytes: SharedBytes, externalBufferFolder: String? = nil, operators: OperatorTable = .builtin,
    limits: Limits = .standard
  ) throws(ModelError) {
    let contents = try ModelReader.read(
      bytes, externalBufferFolder: externalBufferFolder, operators: operators, limits: limits)
    version = contents.version
    description = contents.description
    subgraphs = contents.subgraphs
    signatures = contents.signatures
    metadata = contents.metadata
    self.operators = operators
    self.limits = limits
    byteCount = bytes.count
    content = bytes
  }
}

/// A named entry point of a model, with names for the inputs and outputs of a subgraph.
///
/// Source: the schema's `SignatureDef`.
public struct Signature: Sendable, Hashable {
  /// A name for a tensor of the subgraph.
  public struct Binding: Sendable, Hashable {
    public let name: String
    public let tensor: TensorID

    public init(name: String, tensor: TensorID) {
      self.name = name
      self.tensor = tensor
    }
  }

  /// The name of the signature, unique in the model.
  public let key: String
  /// The index of the subgraph that it runs.
  public let subgraph: Int
  /// Names are unique; every tensor is an input of the subgraph.
  public let inputs: [Binding]
  /// Names are unique; every tensor has a value when the subgraph has run. Most often it is an output of the subgraph, but it may be a
  /// tensor computed on the way: quantisation tools append operators and leave the signature pointing before them.
  public let outputs: [Binding]

  public init(key: String, subgraph: Int, inputs: [Binding], outputs: [Binding]) {
    self.key = key
    self.subgraph = subgraph
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// A named block of bytes in a model, such as `min_runtime_version`. Source: the schema's `Metadata`.
public struct Metadata: Sendable {
  public let name: String
  public let bytes: SharedBytes

  public init(name: String, bytes: SharedBytes) {
    self.name = name
    self.bytes = bytes
  }
}
