internal import Glibc
public import TensorTypes

/// The custom operator `TFLite_Detection_PostProcess`: decodes the boxes of a single-shot detector and selects those with the best scores that
/// do not overlap.
///
/// Inputs: encodings `[1, boxes, 4 or more]` (y, x, height, width relative to the anchor), scores `[1, boxes, classes]`, perhaps with a
/// background class in front, and anchors `[boxes, 4]` (centre y, x, height, width); encodings and anchors `float32` or both `uint8`, scores
/// `float32` or `uint8`. Outputs, `float32`: corners `[1, count, 4]` (y, x, y, x), classes and scores `[1, count]`, the number of detections
/// `[1]`; zero behind the last detection.
///
/// Options (a FlexBuffer map): `max_detections`, `max_classes_per_detection`, `detections_per_class` (100), `use_regular_nms` (false),
/// `nms_score_threshold`, `nms_iou_threshold`, `num_classes`, `y_scale`, `x_scale`, `h_scale`, `w_scale`. Regular suppression goes through the
/// classes one by one; the fast one lets each box stand for its best classes.
public struct DetectionPostProcess: Operator {
  public static let definition = OperatorDefinition(custom: "TFLite_Detection_PostProcess")

  private let maximum: Int
  private let classesPerDetection: Int
  private let detectionsPerClass: Int
  private let isRegular: Bool
  private let scoreThreshold: Float
  private let overlapThreshold: Float
  private let classes: Int
  private let scale: (y: Double, x: Double, height: Double, width: Double)

  public init(options: OperatorOptions) throws(OperatorError) {
    let map = try FlexBufferOptions(options)
    maximum = Int(try map.int32("max_detections"))
    classesPerDetection = Int(try map.int32("max_classes_per_detection"))
    detectionsPerClass = try map.has("detections_per_class") ? Int(try map.int32("detections_per_class")) : 100
    isRegular = try map.bool("use_regular_nms")
    scoreThreshold = try map.float("nms_score_threshold")
    overlapThreshold = try map.float("nms_iou_threshold")
    classes = Int(try map.int32("num_classes"))
    scale = (
      Double(try map.float("y_scale")), Double(try map.float("x_scale")), Double(try map.float("h_scale")),
      Double(try map.float("w_scale"))
    )
  }

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    [.float32, .float32, .float32, .float32]
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3, outputs: 4)
    for output in node.outputs where output.element != .float32 {
      throw .malformed("an output is \(output.element); all must be float32")
    }
    let encodings = try node.input(0)
    let scores = try node.input(1)
    let anchors = try node.input(2)
    guard encodings.shape.rank == 3, encodings.shape[0] == 1, encodings.shape[2] >= 4, scores.shape.rank == 3,
      scores.shape[0] == 1, scores.shape[1] == encodings.shape[1], anchors.shape.rank == 2,
      anchors.shape[0] >= encodings.shape[1], anchors.shape[1] == 4
    else {
      throw .malformed(
        "encodings \(encodings.shape), scores \(scores.shape) and anchors \(anchors.shape) do not fit together")
    }
    guard [.float32, .uint8].contains(encodings.element), anchors.element == encodings.element,
      [.float32, .uint8].contains(scores.element)
    else {
      throw .unsupported(
        "\(encodings.element) encodings, \(anchors.element) anchors and \(scores.element) scores; float32 and uint8 are supported"
      )
    }
    for index in 0..<3 where try node.input(index).element == .uint8 { _ = try node.affineInput(index) }
    guard maximum >= 0, classesPerDetection > 0, !isRegular || min(detectionsPerClass, maximum) > 0 else {
      throw .malformed(
        "\(maximum) detections of \(classesPerDetection) classes each, \(detectionsPerClass) in a class")
    }
    guard classes > 0, scores.shape[2] - classes == 0 || scores.shape[2] - classes == 1 else {
      throw .malformed("\(classes) classes for scores \(scores.shape)")
    }
    guard overlapThreshold > 0, overlapThreshold <= 1 else {
      throw .malformed("the overlap threshold \(overlapThreshold) is not above 0 and at most 1")
    }
    let (count, overflow) = maximum.multipliedReportingOverflow(by: classesPerDetection)
    guard !overflow, let corners = Shape([1, count, 4]), let list = Shape([1, count]), let number = Shape([1]) else {
      throw .malformed("\(maximum) detections of \(classesPerDetection) classes each are too many")
    }
    return [corners, list, list, number]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let encodings = try node.input(0)
    let scores = try node.input(1)
    let anchors = try node.input(2)
    let decoder = DetectionDecoder(
      boxes: encodings.shape[1], step: encodings.shape[2], isQuantized: encodings.element == .uint8,
      encodings: encodings.element == .uint8 ? try node.affineInput(0) : nil,
      anchors: anchors.element == .uint8 ? try node.affineInput(2) : nil, scale: scale)
    let selection = DetectionSelection(
      boxes: encodings.shape[1], classes: classes, columns: scores.shape[2], maximum: maximum,
      classesPerDetection: classesPerDetection, detectionsPerClass: min(detectionsPerClass, maximum),
      scoreThreshold: scoreThreshold, overlapThreshold: overlapThreshold,
      scores: scores.element == .uint8 ? try node.affineInput(1) : nil)
    let isRegular = isRegular
    return Kernel(scratch: selection.scratch(isRegular: isRegular)) { io throws(OperatorError) in
      try decoder.run(io)
      selection.loadScores(io)
      for output in 0..<4 {
        var y = io.output(output, as: Float.self)
        for i in y.indices { y[i] = 0 }
      }
      if isRegular { try selection.runRegular(io) } else { try selection.runFast(io) }
    }
  }
}
