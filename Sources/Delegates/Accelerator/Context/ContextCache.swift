internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// Context binaries in a folder. Several processes may use one folder: a file appears complete or not at all, and one that does not fit, for
/// whatever reason, is made anew and replaced.
struct ContextCache {
  let directory: String
  let token: String
  let architecture: Architecture
  let model: [UInt8]
  let options: [UInt8]

  /// nil when the options name no folder or no model.
  ///
  /// - Throws: ``ModelError`` when the model's name cannot be part of a file's.
  init?(_ model: Model, _ options: AcceleratorOptions) throws(ModelError) {
    guard let directory = options.cacheDirectory, let token = options.modelToken else { return nil }
    guard !token.isEmpty, token.utf8.count <= 100, token.utf8.allSatisfy(Self.isPlain), !token.hasPrefix(".") else {
      throw ModelError(
        .invalidArgument, "model token '\(token)': up to 100 letters, digits, dots, dashes and underscores are allowed")
    }
    self.directory = directory
    self.token = token
    architecture = options.device.architecture
    let content = model.content
    self.model = SHA256.hash(content.span)
    self.options = options.hash
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  func path(_ region: DelegateRegion) -> String {
    let origin = region.nodes.first?.origin ?? Node.Origin(subgraph: 0, index: 0)
    return "\(directory)/\(token)-\(origin.subgraph)-\(origin.index).context"
  }

  func key(_ region: DelegateRegion) -> ContextBinary.Key {
    var hash = SHA256()
    for node in region.nodes {
      hash.update("\(node.origin.subgraph).\(node.origin.index) \(node.name) v\(node.version)\n")
      for operand in node.inputs {
        hash.update(operand.map { "in \($0.type) \($0.type.quantization)\n" } ?? "none\n")
        if let bytes = operand?.constant?.bytes {
          hash.update("constant \(bytes.count)\n")
          hash.update(bytes.span)
        }
      }
      for operand in node.outputs { hash.update("out \(operand.type) \(operand.type.quantization)\n") }
    }
    return ContextBinary.Key(architecture: architecture, model: model, options: options, partition: hash.finish())
  }

  /// The constants of a region from its file, or made anew and written there.
  func constants(
    _ region: DelegateRegion, rounding: AcceleratorRegion.Rounding, log: AcceleratorLog
  ) throws(DelegateError) -> CompiledConstants {
    let path = path(region)
    let key = key(region)
    if let bytes = CacheFile.read(path, limit: CompiledConstants.largestPayload(region) + ContextBinary.headerBytes) {
      do throws(ContextBinary.Rejection) {
        let binary = try ContextBinary(bytes, for: key)
        let constants = try CompiledConstants(payload: binary.payload, region: region, rounding: rounding)
        log.add(.contextLoaded(path: path))
        return constants
      } catch {
        log.add(.contextRejected(path: path, reason: error.description))
      }
    }
    let constants = try CompiledConstants(region, rounding: rounding)
    let binary = ContextBinary(key: key, payload: constants.payload(region))
    CacheFile.createDirectory(directory)
    if let problem = CacheFile.write(binary.bytes, to: path) {
      log.add(.contextNotWritten(path: path, reason: problem))
    } else {
      log.add(.contextWritten(path: path))
    }
    return constants
  }
}

extension AcceleratorOptions {
  /// The SHA-256 of everything that a compiled partition may depend on; the folder and the model's name are no part of it.
  var hash: [UInt8] {
    let skipped = skipDelegateOperators.map { "\($0.rawValue)" }.sorted().joined(separator: ",")
    let nodes = skipDelegateNodes.sorted().map { "\($0)" }.joined(separator: ",")
    return SHA256.hash(
      "\(device.name) \(device.hasFloat) \(performanceMode.rawValue) \(precision.rawValue) "
        + "\(optimizationStrategy.rawValue) \(partitionStrategy.rawValue) "
        + "\(vectorMemoryMegabytes) \(vectorThreads) [\(skipped)] [\(nodes)]")
  }
}
