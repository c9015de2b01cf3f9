internal import Glibc
internal import TFLiteRuntime

/// Which builds of this package and of XNNPACK run, as far as that can be seen: choices measured with other kernels are measured again.
///
/// The version alone would not do, since kernels change between releases. What is taken is the size and the time of the files that the code was
/// loaded from; reading them through would cost more than a small model takes to load.
enum BuildIdentity {
  static let text = """
    runtime \(RuntimeVersion.text) \(unsafe file(loadedAt: #dsohandle) ?? "")
    xnnpack \(unsafe dlsym(nil, "xnn_initialize").flatMap { unsafe file(loadedAt: UnsafeRawPointer($0)) } ?? "")
    """

  /// Size and time of the file whose code is at an address; nil where there is none, or it is gone.
  static func file(loadedAt address: UnsafeRawPointer) -> String? {
    let address = UInt(bitPattern: address)
    for line in ProcessFile.text("/proc/self/maps").split(separator: "\n") {
      let bounds = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard bounds.count == 2, bounds[0] <= address, address < bounds[1], let start = line.firstIndex(of: "/") else {
        continue
      }
      return file(String(line[start...]))
    }
    return nil
  }

  /// Size and time of a file; nil when it cannot be looked at.
  static func file(_ path: String) -> String? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }
}

/// Files in `/proc`, which have no size.
enum ProcessFile {
  /// The first 4 MB; empty where there is nothing to read.
  static func text(_ path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while bytes.count < 4 << 20 {
      let count = unsafe block.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      bytes += block[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
