public import ArgumentParser
public import Delegates
internal import Foundation
public import TFLiteRuntime
internal import TensorTypes

/// How `--delegate accelerator` is to be used.
struct AcceleratorArguments: ParsableArguments {
  @Option(help: "The chip that the accelerator models: \(DeviceProfile.all.map(\.name).joined(separator: ", ")).")
  var device: DeviceProfile = .default

  @Option(help: "The accelerator's clock, for estimates.")
  var performanceMode: AcceleratorOptions.PerformanceMode = .default

  @Option(help: "What the accelerator computes with; quantized leaves floats to others.")
  var precision: AcceleratorOptions.Precision = .float16

  @Option(help: "Which operators run together.")
  var partitionStrategy: AcceleratorOptions.PartitionStrategy = .contiguous

  @Option(help: "A folder for compiled partitions; needs --model-token.", completion: .directory)
  var cacheDir: String?

  @Option(help: "The model's name in the folder of compiled partitions.")
  var modelToken: String?

  @Option(help: "Operators that the accelerator is not given, by name (CONV_2D,ADD).")
  var skipOps: String?

  @Option(help: "Operators of the main subgraph that the accelerator is not given, by index (0,3).")
  var skipNodes: String?

  /// Says on standard error what went wrong with files of compiled partitions; answers do not depend on it.
  var log: AcceleratorLog {
    AcceleratorLog { event in
      switch event {
      case .contextRejected(let path, let reason): warn("\(path) is not used and made anew: \(reason)")
      case .contextNotWritten(let path, let reason): warn("\(path) cannot be written: \(reason)")
      case .contextLoaded, .contextWritten, .partitionRan, .operatorRan: break
      }
    }
  }

  func validate() throws {
    guard (cacheDir == nil) == (modelToken == nil) else {
      throw ValidationError("--cache-dir and --model-token belong together.")
    }
    _ = try options()
  }

  /// Checks that the operators that are named by their index are there.
  func check(_ model: Model) throws {
    let count = model.subgraphs.first?.nodes.count ?? 0
    if let node = try options().skipDelegateNodes.max(), node >= count {
      throw CommandError("--skip-nodes: there is no operator \(node); the main subgraph has \(count)")
    }
  }

  func options() throws -> AcceleratorOptions {
    var operators: Set<BuiltinOperator> = []
    for name in skipOps?.split(separator: ",") ?? [] {
      guard let builtin = BuiltinOperator.allCases.first(where: { $0.name == name.uppercased() }) else {
        throw ValidationError("--skip-ops: there is no operator \(name).")
      }
      operators.insert(builtin)
    }
    var nodes: Set<Int> = []
    for text in skipNodes?.split(separator: ",") ?? [] {
      guard let index = Int(text), index >= 0 else { throw ValidationError("--skip-nodes: \(text) is no index.") }
      nodes.insert(index)
    }
    return AcceleratorOptions(
      device: device, performanceMode: performanceMode, precision: precision, partitionStrategy: partitionStrategy,
      cacheDirectory: cacheDir, modelToken: modelToken, skipDelegateOperators: operators, skipDelegateNodes: nodes)
  }
}

extension DeviceProfile: ExpressibleByArgument {
  public init?(argument: String) {
    guard let profile = DeviceProfile.named(argument) else { return nil }
    self = profile
  }

  public var defaultValueDescription: String { name }
}

extension AcceleratorOptions.PerformanceMode: ExpressibleByArgument {}
extension AcceleratorOptions.Precision: ExpressibleByArgument {}
extension AcceleratorOptions.PartitionStrategy: ExpressibleByArgument {}

extension PlacementRequirement: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

private func warn(_ text: String) {
  FileHandle.standardError.write(Data("warning: \(text)\n".utf8))
}
