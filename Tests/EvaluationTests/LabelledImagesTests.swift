import Evaluation
import TFLiteRuntime
import TensorFiles
import TensorTypes
import Testing

@Suite struct LabelledImagesTests {
  private func load(_ folder: String, _ file: String) throws -> LabelledImages {
    try LabelledImages(folder: folder, labels: file, pixels: PixelConversion())
  }

  @Test func `a folder of pictures and a list of their classes`() throws {
    let folder = Folder()
    let pictures = folder.folder("pictures")
    for name in ["a.png", "b c.jpg", "d.JPEG", "other.png"] { _ = folder.write("", "pictures/" + name) }
    let file = folder.write("b c.jpg 7\n\na.png,0\r\n  d.JPEG\t 3  \n", "classes.txt")
    let samples = try load(pictures, file)
    #expect(samples.paths == ["b c.jpg", "a.png", "d.JPEG"].map { pictures + "/" + $0 })
    #expect((0..<3).map(samples.label) == [7, 0, 3])
  }

  @Test func `a folder for each class`() throws {
    let folder = Folder()
    let pictures = folder.folder("pictures")
    for name in ["dog", "cat", "fish", "unknown"] { _ = folder.folder("pictures/" + name) }
    for name in ["dog/2.png", "dog/1.png", "cat/x.jpg", "cat/notes.txt", "unknown/y.png"] {
      _ = folder.write("", "pictures/" + name)
    }
    let samples = try load(pictures, folder.write("cat\ndog\nfish\nbird\n", "names.txt"))
    #expect(samples.paths == ["cat/x.jpg", "dog/1.png", "dog/2.png"].map { pictures + "/" + $0 })
    #expect((0..<3).map(samples.label) == [0, 1, 1])
  }

  @Test func `what is wrong is said`() throws {
    let folder = Folder()
    let pictures = folder.folder("pictures")
    _ = folder.write("", "pictures/a.png")
    let empty = folder.folder("empty")
    func message(_ images: String, _ text: String) -> String? {
      #expect(throws: EvaluationError.self) { try load(images, folder.write(text, "list.txt")) }?.description
    }
    #expect(
      message(pictures, "a.png 0\nb.png 1")?.hasSuffix("line 2: there is no picture 'b.png' in '\(pictures)'") == true)
    #expect(message(pictures, "a.png cat")?.contains("line 1 is not a picture's name") == true)
    #expect(message(pictures, "a.png")?.contains("line 1 is not a picture's name") == true)
    #expect(message(pictures, "")?.hasPrefix("there are no pictures") == true)
    #expect(message(empty, "cat")?.hasPrefix("there are no pictures") == true)
    #expect(message(folder.path + "/none", "cat")?.hasPrefix("cannot read folder") == true)
    _ = folder.folder("empty/dog")
    #expect(message(empty, "cat")?.contains("has neither pictures") == true)
    #expect(throws: TensorFileError.self) { try load(pictures, folder.path + "/no such list") }
  }

  @Test func `a file that is no picture is an error`() throws {
    let folder = Folder()
    let pictures = folder.folder("pictures")
    _ = folder.write("text", "pictures/a.png")
    let samples = try load(pictures, folder.write("a.png 0", "list.txt"))
    let type = TensorType(element: .float32, shape: try #require(Shape([1, 2, 2, 3])))
    #expect(throws: EvaluationError.self) { try samples.sample(0, type) }
  }
}
