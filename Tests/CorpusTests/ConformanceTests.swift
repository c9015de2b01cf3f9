import Foundation
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// Every single-operator case of the corpus on the built-in kernels. Prints how many of each operator's cases pass, are not supported yet, or
/// are wrong.
@Suite(.enabled(if: Corpus.isThere, Corpus.missing)) struct ConformanceTests {
  /// As many cases as there are but for the exceptions.
  static let minimumPassing = 3387

  enum Outcome {
    case passed
    /// An operator or type combination that has no kernel.
    case unsupported(String)
    case wrong(String)
  }

  @Test func allCases() throws {
    let only = ProcessInfo.processInfo.environment["CONFORMANCE_ONLY"]?.split(separator: ",").map(String.init)
    var rows: [(name: String, passed: Int, unsupported: Int, wrong: Int)] = []
    var failures: [String] = []
    for folder in try Corpus.names(in: Corpus.path("conformance")) where !folder.contains(".") {
      if let only, !only.contains(folder) { continue }
      guard let cases = try Corpus.json(Corpus.path("conformance", folder, "cases.json")) as? [[String: Any]] else {
        continue
      }
      var row = (name: folder, passed: 0, unsupported: 0, wrong: 0)
      for description in cases {
        let id = description["id"] as? String ?? ""
        if let reason = Self.exceptions["\(folder)/\(id)"] {
          Corpus.report("exception \(folder)/\(id): \(reason)")
          continue
        }
        switch run(folder, id, description) {
        case .passed: row.passed += 1
        case .unsupported(let why):
          row.unsupported += 1
          Corpus.report("unsupported \(folder)/\(id): \(why)")
        case .wrong(let why):
          row.wrong += 1
          failures.append("\(folder)/\(id): \(why)")
        }
      }
      rows.append(row)
    }
    var text = "operator                          passed  unsupported  wrong\n"
    func line(_ name: String, _ passed: Int, _ unsupported: Int, _ wrong: Int) -> String {
      func right(_ value: Int, _ width: Int) -> String {
        String(repeating: " ", count: max(width - "\(value)".count, 0)) + "\(value)"
      }
      return name.padding(toLength: 32, withPad: " ", startingAt: 0) + right(passed, 8) + right(unsupported, 13)
        + right(wrong, 7) + "\n"
    }
    for row in rows { text += line(row.name, row.passed, row.unsupported, row.wrong) }
    let passed = rows.reduce(0) { $0 + $1.passed }
    text += line("all", passed, rows.reduce(0) { $0 + $1.unsupported }, rows.reduce(0) { $0 + $1.wrong })
    Corpus.report(text)
    for failure in failures { Corpus.report("wrong " + failure) }
    #expect(failures.isEmpty, "\(failures.count) cases give a wrong answer, first: \(failures.first ?? "")")
    if only == nil { #expect(passed >= Self.minimumPassing) }
    #expect(rows.allSatisfy { $0.unsupported == 0 })
  }

  /// Cases whose expectation is not followed, with the reason.
  static let exceptions: [String: String] = {
    let unpackedInt4 = "LiteRT reads packed int4 weights as int8 where activations are int16"
    let wideBias = "LiteRT reads the int32 bias as int64 where quantized_bias_type is not set"
    let ignoredBlocks =
      "LiteRT leaves the product with int2 weights in blocks out and answers with the bias; we compute it"
    let emptyWindow =
      "expects TFLite's reference kernel, whose window ends before the last channel; all others expect the default kernel"
    return [
      "fully_connected/o_fully_connected_124_i2_block32": ignoredBlocks,
      "fully_connected/o_fully_connected_133_i2_block64": ignoredBlocks,
      "local_response_normalization/t_local_response_norm_039": emptyWindow,
      "depthwise_conv_2d/o_depthwise_conv_2d_021_i4_i16": unpackedInt4,
      "depthwise_conv_2d/o_depthwise_conv_2d_046_m_i4_i16": unpackedInt4,
      "transpose_conv/o_transpose_conv_021_i16_int32valid": wideBias,
      "transpose_conv/o_transpose_conv_032_i16_int32s1": wideBias,
      "transpose_conv/o_transpose_conv_043_i16_int32s3": wideBias,
      "transpose_conv/o_transpose_conv_054_i16_int32v1": wideBias,
    ]
  }()

  private func run(_ folder: String, _ id: String, _ description: [String: Any]) -> Outcome {
    do {
      let model = try Model(contentsOf: Corpus.path("conformance", folder, "\(id).tflite"))
      let data = try NumpyArchive(contentsOf: Corpus.path("conformance", folder, "\(id).npz"))
      let interpreter = try Interpreter(model, options: .init(threads: Corpus.threads))
      let steps = description["steps"] as? Int ?? 1
      for step in 0..<steps {
        let prefix = step == 0 ? "" : "s\(step)_"
        for (index, input) in interpreter.inputs.enumerated() {
          guard data.index(of: "\(prefix)in\(index)") != nil else { continue }
          let array = try data.array(named: "\(prefix)in\(index)")
          guard let tensor = Tensor(array, as: input.type.element) else {
            return .unsupported("input of type \(input.type.element)")
          }
          try interpreter.resizeInput(index, to: tensor.type.shape.dimensions)
        }
        for (index, input) in interpreter.inputs.enumerated() {
          guard data.index(of: "\(prefix)in\(index)") != nil else { continue }
          guard let tensor = Tensor(try data.array(named: "\(prefix)in\(index)"), as: input.type.element) else {
            continue
          }
          try interpreter.setInput(index, tensor)
        }
        try interpreter.invoke()
        for index in interpreter.outputs.indices where data.index(of: "\(prefix)out\(index)") != nil {
          let expected = try data.array(named: "\(prefix)out\(index)")
          let actual = try NumpyArray(interpreter.output(index))
          if let problem = difference(actual, expected, tolerance(description, expected)) {
            return .wrong("step \(step), output \(index) (\(description["dtype"] ?? "")): \(problem)")
          }
        }
      }
      return .passed
    } catch let error as ModelError where error.kind == .unsupported {
      return .unsupported("\(error)")
    } catch {
      return .wrong("\(error)")
    }
  }

  /// Integers: the reference's bits, one step where the expectation comes from LiteRT's optimised kernels. Floats: as the corpus asks.
  private func tolerance(_ description: [String: Any], _ expected: NumpyArray) -> Tolerance {
    func number(_ key: String) -> Double { description[key] as? Double ?? 0 }
    let between = max(number("xnn_ref_diff"), number("opt_ref_diff"))
    if expected.isReal {
      let largest = (expected.reals ?? []).filter(\.isFinite).map(abs).max() ?? 0
      return .absolute(max(1e-5 * largest, 4 * between))
    }
    return .exact
  }
}
