public import TensorTypes

/// How the accelerator is to be used. Names follow the options of Qualcomm's TFLite delegate.
public struct AcceleratorOptions: Sendable, Hashable {
  /// Which accepted operators run together.
  public enum PartitionStrategy: String, Sendable, Hashable, CaseIterable {
    /// Runs of neighbours in the model's order.
    case contiguous
    /// Operators that are connected through tensors.
    case weaklyConnected = "weakly_connected"
  }

  /// The chip to model.
  public var device: DeviceProfile
  public var partitionStrategy: PartitionStrategy
  /// Operators that are never given to the accelerator, by kind. Source: `skip_delegate_ops`.
  public var skipDelegateOperators: Set<BuiltinOperator>
  /// Operators that are never given to the accelerator, by their index in the main subgraph. Source: `skip_delegate_node_ids`.
  public var skipDelegateNodes: Set<Int>

  public init(
    device: DeviceProfile = .default, partitionStrategy: PartitionStrategy = .contiguous,
    skipDelegateOperators: Set<BuiltinOperator> = [], skipDelegateNodes: Set<Int> = []
  ) {
    self.device = device
    self.partitionStrategy = partitionStrategy
    self.skipDelegateOperators = skipDelegateOperators
    self.skipDelegateNodes = skipDelegateNodes
  }
}
