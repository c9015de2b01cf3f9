internal import CXNNPack

/// The library as a whole: initialised once per process.
enum XNNPackLibrary {
  /// The status of the one initialisation.
  static let status: xnn_status = unsafe xnn_initialize(OperatorMemory.allocator)

  /// Whether there are kernels for `float16` arithmetic on this processor.
  static let hasHalf: Bool = {
    guard status == xnn_status_success else { return false }
    var sum: xnn_operator_t?
    var product: xnn_operator_t?
    defer {
      _ = unsafe xnn_delete_operator(sum)
      _ = unsafe xnn_delete_operator(product)
    }
    return unsafe xnn_create_add_nd_f16(-Float.infinity, Float.infinity, 0, &sum) == xnn_status_success
      && xnn_create_multiply_nd_f16(-Float.infinity, Float.infinity, 0, &product) == xnn_status_success
  }()

  /// Bytes behind a tensor that the library may read.
  static let extraBytes = Int(XNN_EXTRA_BYTES)

  /// The largest rank of the operators that take a shape.
  static let maximumRank = Int(XNN_MAX_TENSOR_DIMS)

  /// The library's name of a status.
  static func name(_ status: xnn_status) -> String {
    switch status {
    case xnn_status_success: "xnn_status_success"
    case xnn_status_uninitialized: "xnn_status_uninitialized"
    case xnn_status_invalid_parameter: "xnn_status_invalid_parameter"
    case xnn_status_invalid_state: "xnn_status_invalid_state"
    case xnn_status_unsupported_parameter: "xnn_status_unsupported_parameter"
    case xnn_status_unsupported_hardware: "xnn_status_unsupported_hardware"
    case xnn_status_out_of_memory: "xnn_status_out_of_memory"
    default: "xnn_status \(status.rawValue)"
    }
  }
}
