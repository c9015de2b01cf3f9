internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// What the accelerator's compiler does with a `STABLEHLO_COMPOSITE`, by its name.
struct Composite {
  enum Kind: Hashable {
    /// `odml.npu_call`: always delegated.
    case alwaysDelegated
    /// `odml.cpu_call`: never.
    case neverDelegated
    /// Lowered to one operator.
    case lowered(String)
    /// Replaced by its decomposition.
    case unknown
  }

  let name: String
  let kind: Kind

  /// nil when the composite has no options.
  init?(_ node: Node) {
    guard node.options.isPresent, let name = try? node.options.string(0) else { return nil }
    self.name = name
    switch name {
    case "odml.npu_call": kind = .alwaysDelegated
    case "odml.cpu_call": kind = .neverDelegated
    case "odml.rms_norm": kind = .lowered("RmsNorm")
    case "odml.group_norm": kind = .lowered("GroupNorm")
    case "odml.l2_norm": kind = .lowered("L2Norm")
    default: kind = .unknown
    }
  }

  func refusal(_ node: OperatorSignature, on device: DeviceProfile) -> String? {
    switch kind {
    case .alwaysDelegated: return nil
    case .neverDelegated: return "\(name) asks for the CPU"
    case .unknown: return "\(name) has no lowering"
    case .lowered(let lowering):
      guard device.hasFloat else { return "\(device.name) has no float arithmetic" }
      for operand in node.given + node.outputs where !Datatypes.float.contains(operand.type) {
        return "\(lowering) has no kernel for \(operand.type.text)"
      }
      return nil
    }
  }
}
