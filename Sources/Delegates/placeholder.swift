public import TFLiteRuntime

/// Stands in until the delegate's sources land.
public struct XNNPackDelegate: Delegate {
  public let name = "xnnpack"
  public init() {}
  public func supports(_ node: DelegateNode) -> DelegateSupport { .refused("the library is not linked") }
  public func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion {
    throw DelegateError("the library is not linked")
  }
}

extension Delegate where Self == XNNPackDelegate {
  public static func xnnpack() -> XNNPackDelegate { XNNPackDelegate() }
}
