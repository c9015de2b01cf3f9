import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct DetectionPostProcessTests {
  private func options(
    maximum: Int64 = 4, perDetection: Int64 = 1, perClass: Int64? = nil, regular: Bool = false, classes: Int64 = 3,
    threshold: Double = 0.1, overlap: Double = 0.4
  ) throws -> OperatorOptions {
    var fields: [String: FlexBufferField] = [
      "max_detections": .integer(maximum), "max_classes_per_detection": .integer(perDetection),
      "use_regular_nms": .bool(regular), "nms_score_threshold": .float(threshold), "nms_iou_threshold": .float(overlap),
      "num_classes": .integer(classes), "y_scale": .float(10), "x_scale": .float(10), "h_scale": .float(5),
      "w_scale": .float(5),
    ]
    if let perClass { fields["detections_per_class"] = .integer(perClass) }
    return try .flexBuffer(fields)
  }

  private let outputs = [(ElementType, Quantization)](repeating: (.float32, .none), count: 4)

  private func detect(_ oracle: DetectionOracle, _ options: OperatorOptions) throws -> [TestTensor] {
    let boxes = oracle.scores.count
    return try run(
      DetectionPostProcess(options: options),
      [
        TestTensor(oracle.encodings.flatMap { $0 }, [1, boxes, 5]),
        TestTensor(oracle.scores.flatMap { $0 }, [1, boxes, oracle.classes + (oracle.background ? 1 : 0)]),
        TestTensor(oracle.anchors.flatMap { $0 }, [boxes, 4]),
      ], outputs: outputs)
  }

  private func check(
    _ result: [TestTensor], _ oracle: DetectionOracle, _ expected: [Int: (Int, Int, Float)], count: Int, slots: Int
  ) {
    #expect(result[0].type.shape.dimensions == [1, slots, 4])
    #expect(result[1].type.shape.dimensions == [1, slots])
    #expect(result[3].floats == [Float(count)])
    let zeros = [Float](repeating: 0, count: 4)
    expectClose(
      result[0].floats, (0..<slots).flatMap { expected[$0].map { oracle.corners($0.0).map { Float($0) } } ?? zeros },
      tolerance: 1e-6)
    #expect(result[1].floats == (0..<slots).map { Float(expected[$0]?.1 ?? 0) })
    #expect(result[2].floats == (0..<slots).map { expected[$0]?.2 ?? 0 })
  }

  @Test(arguments: [0, 1, 2, 3, 6, 40]) func fastSuppression(boxes: Int) throws {
    for (classes, perDetection, background) in [(1, 1, false), (3, 1, true), (3, 2, false), (5, 5, true), (2, 4, true)]
    {
      let oracle = DetectionOracle.random(
        boxes: boxes, classes: classes, background: background, seed: UInt64(boxes * 10 + classes))
      for maximum in [0, 1, 4, 50] {
        let result = try detect(
          oracle, options(maximum: Int64(maximum), perDetection: Int64(perDetection), classes: Int64(classes)))
        let expected = oracle.fast(maximum: maximum, perDetection: perDetection, threshold: 0.1, overlap: 0.4)
        let count = Set(expected.keys.map { $0 / perDetection }).count
        check(result, oracle, expected, count: count, slots: maximum * perDetection)
      }
    }
  }

  @Test(arguments: [0, 1, 2, 3, 6, 40]) func regularSuppression(boxes: Int) throws {
    for (classes, perClass, background) in [(1, nil, false), (3, 2, true), (4, 100, false)] as [(Int, Int64?, Bool)] {
      let oracle = DetectionOracle.random(
        boxes: boxes, classes: classes, background: background, seed: UInt64(boxes * 10 + classes + 5))
      for maximum in [1, 4, 50] {
        let result = try detect(
          oracle,
          options(maximum: Int64(maximum), perDetection: 2, perClass: perClass, regular: true, classes: Int64(classes)))
        let expected = oracle.regular(
          maximum: maximum, perClass: Int(perClass ?? 100), threshold: 0.1, overlap: 0.4)
        check(result, oracle, expected, count: expected.count, slots: maximum * 2)
      }
    }
  }

  @Test(arguments: [false, true]) func takesQuantizedInputs(regular: Bool) throws {
    var generator = SeededGenerator(seed: 77)
    let boxes = 12
    let encodings: [UInt8] = generator.integers(boxes * 4, in: 90...160)
    let anchors: [UInt8] = generator.integers(boxes * 4, in: 60...200)
    let scores: [UInt8] = Array((0..<UInt8(boxes * 3)).map { $0 * 7 }.shuffled(using: &generator))
    let quantization = [
      Quantization.perTensor(scale: 0.05, zeroPoint: 128), .perTensor(scale: 0.004, zeroPoint: 2),
      .perTensor(scale: 0.005, zeroPoint: 10),
    ]
    let operation = try DetectionPostProcess(options: options(maximum: 5, regular: regular))
    let integers = try run(
      operation,
      [
        TestTensor(encodings, [1, boxes, 4], quantization: quantization[0]),
        TestTensor(scores, [1, boxes, 3], quantization: quantization[1]),
        TestTensor(anchors, [boxes, 4], quantization: quantization[2]),
      ], outputs: outputs)
    let floats = try run(
      operation,
      [
        TestTensor(encodings.map { (Float($0) - 128) * 0.05 }, [1, boxes, 4]),
        TestTensor(scores.map { (Float($0) - 2) * 0.004 }, [1, boxes, 3]),
        TestTensor(anchors.map { (Float($0) - 10) * 0.005 }, [boxes, 4]),
      ], outputs: outputs)
    for (a, b) in zip(integers, floats) { #expect(a.bytes == b.bytes) }
    #expect(floats[3].floats[0] > 0)
  }

  @Test func equalScoresKeepTheirOrder() throws {
    let boxes = (0..<5).map { [Float($0) * 2, 0, 0, 0] }
    let oracle = DetectionOracle(
      classes: 3, background: false, encodings: boxes.map { $0 + [0] }, anchors: boxes.map { [$0[0], 0.5, 1, 1] },
      scores: [[Float]](repeating: [0.5, 0.5, 0.5], count: 5))
    let fast = try detect(oracle, options(maximum: 5))
    #expect(fast[1].floats == [0, 0, 0, 0, 0])
    #expect(
      stride(from: 0, to: 20, by: 4).map { fast[0].floats[$0] }
        == oracle.scores.indices.map { Float(oracle.corners($0)[0]) })
    let regular = try detect(oracle, options(maximum: 7, regular: true))
    #expect(regular[1].floats == [0, 0, 0, 0, 0, 1, 1])
  }

  @Test func ignoresScoresThatAreNoNumbers() throws {
    let oracle = DetectionOracle(
      classes: 1, background: false, encodings: [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
      anchors: [[0, 0, 1, 1], [5, 5, 1, 1]], scores: [[.nan], [.infinity]])
    let result = try detect(oracle, options(maximum: 2, classes: 1))
    #expect(result[3].floats == [1])
    #expect(result[2].floats == [.infinity, 0])
  }

  @Test func refusesBadOptions() throws {
    let oracle = DetectionOracle.random(boxes: 3, classes: 3, background: true, seed: 1)
    _ = try detect(oracle, options())
    for bad in [
      try options(maximum: -1), try options(perDetection: 0), try options(perDetection: -1), try options(classes: 0),
      try options(classes: 2), try options(classes: 5), try options(overlap: 0), try options(overlap: 1.5),
      try options(overlap: .nan), try options(perClass: 0, regular: true), try options(maximum: 0, regular: true),
      try options(maximum: Int64(Int32.max), perDetection: Int64(Int32.max)), .defaults,
    ] {
      #expect(throws: OperatorError.self) { try detect(oracle, bad) }
    }
    #expect(throws: OperatorError.self) { try DetectionPostProcess(options: options(maximum: 1 << 40)) }
  }

  @Test func refusesWhatDoesNotFit() throws {
    let encodings = try TestTensor([Float](repeating: 0, count: 8), [1, 2, 4])
    let scores = try TestTensor([Float](repeating: 0.5, count: 6), [1, 2, 3])
    let anchors = try TestTensor([0, 0, 1, 1, 0, 0, 1, 1] as [Float], [2, 4])
    let bytes = try TestTensor(
      [UInt8](repeating: 0, count: 8), [1, 2, 4], quantization: .perTensor(scale: 1, zeroPoint: 0))
    let bad: [[TestTensor?]] = [
      [try TestTensor([Float](repeating: 0, count: 6), [1, 2, 3]), scores, anchors],
      [try TestTensor([Float](repeating: 0, count: 16), [2, 2, 4]), scores, anchors],
      [encodings, try TestTensor([Float](repeating: 0, count: 3), [1, 1, 3]), anchors],
      [encodings, scores, try TestTensor([0, 0, 1, 1] as [Float], [1, 4])],
      [encodings, scores, try TestTensor([Float](repeating: 0, count: 10), [2, 5])],
      [bytes, scores, anchors], [encodings, scores, nil], [encodings, scores],
      [encodings, try TestTensor([UInt8](repeating: 0, count: 6), [1, 2, 3]), anchors],
      [encodings, try TestTensor([Int32](repeating: 0, count: 6), [1, 2, 3]), anchors],
      // A box of negative size.
      [encodings, scores, try TestTensor([0, 0, -1, 1, 0, 0, 1, 1] as [Float], [2, 4])],
    ]
    for inputs in bad {
      #expect(throws: OperatorError.self) {
        try run(DetectionPostProcess(options: options()), inputs, outputs: outputs)
      }
    }
  }
}
