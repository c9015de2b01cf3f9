import Delegates
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// The real networks of the corpus on the accelerator: every one runs, and stays near the built-in kernels.
@Suite(.serialized, .enabled(if: Corpus.isThere, Corpus.missing)) struct AcceleratorNetworkTests {
  /// How far an output may be, as a part of its largest element: float16 has eleven bits, and errors grow along a network.
  static let tolerance = 0.05
  /// Networks that amplify a difference: activations quantised while the model runs, where a step falls the other way, and normalisations of
  /// nearly constant values, whose squares float16 cannot hold. Their outputs must point the same way.
  static let amplifying: Set<String> = [
    "aeq_mobilenetv4_conv_small_dynamic_wi8", "aeq_mobilenetv4_conv_small_dynamic_wi4", "gen_sd_diffusion_cpucfg",
    "pt2e_efficientnet_lite0_static_pertensor",
  ]
  /// Outputs that say which box was chosen, whose order changes with a small difference; boxes and scores are compared.
  static let choices: [String: Set<Int>] = ["cv_yolo_head": [2, 3]]

  static var networks: [String] { NetworkTests.networks }

  @Test(arguments: networks) func staysNearTheBuiltinKernels(name: String) throws {
    let network = try Network(name)
    let model = try Model(contentsOf: network.path("model.tflite"))
    for run in try network.runs() {
      let expected = try outputs(model, run, [])
      let actual = try outputs(model, run, [.accelerator()])
      for index in expected.indices {
        guard let a = actual[index].reals, let e = expected[index].reals else { continue }
        let scale = e.filter(\.isFinite).map(abs).max() ?? 0
        let distance = zip(a, e).filter { !($0 == $1 || ($0.isNaN && $1.isNaN)) }.map { abs($0 - $1) }.max() ?? 0
        let place = "\(name)\(run.suffix), output \(index)"
        if NetworkTests.reports { Corpus.report("\(place): distance \(distance) of \(scale)") }
        if Self.choices[name]?.contains(index) == true { continue }
        if Self.amplifying.contains(name) {
          #expect(Self.cosine(a, e) >= 0.95, "\(place)")
        } else if case .int64 = actual[index].type {
          let agreement = zip(a, e).filter { $0 == $1 }.count
          #expect(agreement * 100 >= a.count * 98, "\(place)")
        } else {
          #expect(distance <= Self.tolerance * scale + 1e-4, "\(place)")
        }
      }
    }
  }

  private static func cosine(_ a: [Double], _ b: [Double]) -> Double {
    func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    let length = (dot(a, a) * dot(b, b)).squareRoot()
    return length > 0 ? dot(a, b) / length : 1
  }

  private func outputs(_ model: Model, _ run: Network.Run, _ delegates: [any Delegate]) throws -> [NumpyArray] {
    let interpreter = try Interpreter(model, signature: run.signature, options: .init(threads: 2), delegates: delegates)
    for (index, input) in interpreter.inputs.enumerated() {
      let array = try run.inputs.array(named: run.signature == nil ? "\(index)" : input.name)
      try interpreter.resizeInput(index, to: array.shape)
      try interpreter.setInput(index, try #require(Tensor(array, as: input.type.element)))
    }
    try interpreter.invoke()
    return try interpreter.outputs.indices.map { try NumpyArray(interpreter.output($0)) }
  }
}
