import Delegates
import Hummingbird
import ImageFiles
import TFLiteRuntime

/// Classifies pictures: `POST /classify` with a PNG or JPEG file answers with its class and score.
struct Answer: ResponseEncodable {
  let digit: Int
  let score: Float
}

let arguments = CommandLine.arguments
let model = try Model(contentsOf: arguments.count > 1 ? arguments[1] : "Demo/digits_float32.tflite")
// Two interpreters over one copy of the weights; 64 requests may wait, more are refused at once.
let pool = try InterpreterPool(
  model, options: .init(instances: 2, maximumQueueLength: 64), delegates: [.xnnpack()])

let router = Router()
router.post("classify") { request, _ -> Answer in
  let body = try await request.body.collect(upTo: 4 << 20)
  do {
    let image = try Image(decoding: Array(body.readableBytesView), channels: 1).resized(width: 32, height: 32)
    let pixels = image.pixels.map { Float($0) / 255 }
    // A client that goes away cancels its task, and that the inference.
    return try await pool.withInterpreter(deadline: .seconds(1)) { interpreter in
      try interpreter.setInput(0, real: pixels)
      try interpreter.invoke()
      let scores = try interpreter.realOutput(0)
      let digit = scores.indices.max { scores[$0] < scores[$1] } ?? 0
      return Answer(digit: digit, score: scores[digit])
    }
  } catch let error as ImageError {
    throw HTTPError(.badRequest, message: "\(error)")
  } catch let error as InterpreterPoolError {
    throw HTTPError(.serviceUnavailable, message: "\(error)")
  } catch let error as ModelError where error.kind == .deadlineExceeded {
    throw HTTPError(.serviceUnavailable, message: "\(error)")
  }
}

let port = arguments.count > 2 ? Int(arguments[2]) ?? 8080 : 8080
let service = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await service.runService()
