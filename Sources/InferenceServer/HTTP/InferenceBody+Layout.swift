internal import NIOCore
internal import TFLiteRuntime
internal import TensorTypes

extension InferenceBody {
  /// What the JSON of a request with raw tensors says, for requests with the same JSON.
  struct Layout: Sendable {
    fileprivate let text: ByteBuffer
    fileprivate var body: InferenceBody
    fileprivate let tensors: [(name: String, datatype: Datatype, type: TensorType, byteCount: Int)]
  }

  /// nil when a tensor is in the JSON, or has no fixed size, or the JSON is longer than a kilobyte: each connection may keep one.
  ///
  /// - Parameter bytes: what the body was read from.
  func layout(_ bytes: [UInt8], headerLength: Int?) -> Layout? {
    guard let headerLength, headerLength <= 1 << 10, request.inputs.allSatisfy({ $0.datatype != .bytes }) else {
      return nil
    }
    let tensors = request.inputs.map { ($0.name, $0.datatype, $0.tensor.type, $0.tensor.bytes.count) }
    guard headerLength + tensors.reduce(0, { $0 + $1.3 }) == bytes.count else { return nil }
    var body = self
    body.request.inputs = []
    return Layout(text: ByteBuffer(bytes: bytes[..<headerLength]), body: body, tensors: tensors)
  }

  /// Reads a body whose JSON is that of `layout`; nil when it is not, or its tensors are of other sizes.
  init?(_ layout: Layout, _ bytes: ByteBuffer, headerLength: Int?) {
    var bytes = bytes
    guard headerLength == layout.text.readableBytes, bytes.readSlice(length: layout.text.readableBytes) == layout.text
    else { return nil }
    self = layout.body
    for (name, datatype, type, byteCount) in layout.tensors {
      guard let values = bytes.readBytes(length: byteCount), let tensor = Tensor(type: type, bytes: values) else {
        return nil
      }
      request.inputs.append(NamedTensor(name: name, datatype: datatype, tensor: tensor))
    }
    guard bytes.readableBytes == 0 else { return nil }
  }
}
