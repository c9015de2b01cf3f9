import Glibc

func removeFile(_ path: String) throws { unlink(path) }

/// An empty folder that goes away at the end.
final class Folder {
  let path = "/tmp/evaluation-\(UInt64.random(in: 0 ... .max))"

  init() { mkdir(path, 0o700) }

  deinit { _ = system("rm -r '\(path)'") }

  func write(_ text: String, _ name: String) -> String {
    let file = path + "/" + name
    if let stream = fopen(file, "w") {
      fputs(text, stream)
      fclose(stream)
    }
    return file
  }

  func folder(_ name: String) -> String {
    mkdir(path + "/" + name, 0o700)
    return path + "/" + name
  }
}
