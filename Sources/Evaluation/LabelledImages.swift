internal import SystemInterface
package import TFLiteRuntime
internal import TensorFiles
package import TensorTypes

/// Pictures of a folder (PNG and JPEG), and a text file that says their classes.
///
/// Where the folder has pictures in it, each line of the file is a picture's name and the number of its class, separated by a space, a tab or a
/// comma. Where it has a folder for each class, the file lists the classes' names, those of the folders, one a line; the first is class 0. Empty
/// lines do not count.
package struct LabelledImages: LabelledSamples {
  /// The paths.
  package let paths: [String]
  private let labels: [Int]
  private let pixels: PixelConversion

  package init(folder: String, labels file: String, pixels: PixelConversion) throws {
    let text = String(decoding: try readFile(file, limit: 1 << 28), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map(Self.trimmed)
    let names = try Self.names(in: folder)
    let pictures = names.filter(Self.isPicture)
    let samples =
      pictures.isEmpty
      ? try Self.samplesByFolder(folder, Set(names), classes: lines, file: file)
      : try Self.samplesByLine(folder, Set(names), lines, file: file)
    guard !samples.isEmpty else { throw EvaluationError(.dataset, "there are no pictures to classify in '\(folder)'") }
    paths = samples.map(\.path)
    labels = samples.map(\.label)
    self.pixels = pixels
  }

  package var count: Int { paths.count }

  package func label(_ index: Int) -> Int { labels[index] }

  package func sample(_ index: Int, _ type: TensorType) throws -> Tensor {
    try pixels.tensor(try ImageLayout(type.shape).pixels(paths[index]), type)
  }

  private typealias Sample = (path: String, label: Int)

  private static func samplesByLine(
    _ folder: String, _ names: Set<String>, _ lines: [String], file: String
  ) throws -> [Sample] {
    var samples: [Sample] = []
    for (index, line) in lines.enumerated() where !line.isEmpty {
      let place = "\(file): line \(index + 1)"
      guard let separator = line.lastIndex(where: { $0 == "," || $0 == " " || $0 == "\t" }),
        let label = Int(line[line.index(after: separator)...])
      else {
        throw EvaluationError(
          .dataset, "\(place) is not a picture's name and the number of its class, as 'cat.png 3': '\(line.prefix(80))'"
        )
      }
      let name = trimmed(line[..<separator])
      guard names.contains(name) || FileSystem.isFile("\(folder)/\(name)") else {
        throw EvaluationError(.dataset, "\(place): there is no picture '\(name)' in '\(folder)'")
      }
      samples.append(("\(folder)/\(name)", label))
    }
    return samples
  }

  private static func samplesByFolder(
    _ folder: String, _ names: Set<String>, classes: [String], file: String
  ) throws -> [Sample] {
    var samples: [Sample] = []
    for (label, name) in classes.filter({ !$0.isEmpty }).enumerated() where names.contains(name) {
      let path = "\(folder)/\(name)"
      samples += try Self.names(in: path).filter(isPicture).map { ("\(path)/\($0)", label) }
    }
    if samples.isEmpty, !names.isEmpty {
      throw EvaluationError(
        .dataset,
        "'\(folder)' has neither pictures nor a folder of them that is named as a class of '\(file)'")
    }
    return samples
  }

  private static func isPicture(_ name: String) -> Bool {
    let name = name.lowercased()
    return [".png", ".jpg", ".jpeg"].contains { name.hasSuffix($0) }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" || character == "," }
    while text.first.map(isSpace) == true { text.removeFirst() }
    while text.last.map(isSpace) == true { text.removeLast() }
    return String(text)
  }

  /// The entries of a folder in order, without hidden ones.
  private static func names(in path: String) throws(EvaluationError) -> [String] {
    do throws(FileSystemError) {
      return try FileSystem.names(in: path)
    } catch {
      throw EvaluationError(.dataset, error.message)
    }
  }
}
