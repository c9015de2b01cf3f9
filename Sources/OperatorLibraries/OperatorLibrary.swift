internal import COperatorInterface
internal import Glibc
public import Kernels
internal import TensorTypes

/// Operators in a shared library, which implements the C interface of `tflite_operator.h`.
///
/// The library's code becomes part of the process: open only what you would run as a program. It stays open for as long as this value, a
/// table with its operators, or a model or interpreter made with such a table exists. Safe to use from several threads.
public struct OperatorLibrary: Sendable {
  /// The file as it was given.
  public let path: String

  /// The operators that the library has, in its order.
  public let registrations: [OperatorRegistration]

  /// Opens a library.
  ///
  /// - Parameter path: of the file; a relative one starts at the current folder. The system's library folders are not searched.
  /// - Throws: ``OperatorLibraryError``.
  public init(path: String) throws(OperatorLibraryError) {
    self.path = path
    let file = try LibraryFile(path: path)
    var registrations: [OperatorRegistration] = []
    var names: Set<String> = []
    for kind in try file.operators() {
      guard names.insert(kind.name).inserted else { throw file.invalid("there are two operators '\(kind.name)'") }
      let definition = OperatorDefinition(custom: kind.name)
      registrations.append(
        OperatorRegistration(definition) { options throws(OperatorError) in
          try LibraryOperator(kind, options: options)
        })
    }
    self.registrations = registrations
  }
}

extension OperatorTable {
  /// Adds the operators of a library, in place of those with the same identity.
  public mutating func add(_ library: OperatorLibrary) {
    for registration in library.registrations { add(registration) }
  }

  /// This table with the operators of a library added, in place of those with the same identity.
  public func adding(_ library: OperatorLibrary) -> OperatorTable {
    var table = self
    table.add(library)
    return table
  }
}

/// Why a file cannot be used as a library of operators.
public struct OperatorLibraryError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// There is no such file, it is no shared library for this machine, or something that it needs is missing.
    case unreadable
    /// It does not export `tflite_operators`.
    case notAnOperatorLibrary
    /// It was built for another version of the interface.
    case versionMismatch
    /// What it says about its operators makes no sense.
    case malformed
  }

  public var kind: Kind
  public var path: String
  public var message: String

  public var description: String { "\(path): \(message)" }
}

/// An open library.
@safe final class LibraryFile: @unchecked Sendable {
  static let version = UInt32(TFLITE_OPERATOR_INTERFACE_VERSION)
  /// More operators than any library has.
  private static let maximumCount = 4096

  let path: String
  private let handle: UnsafeMutableRawPointer

  init(path: String) throws(OperatorLibraryError) {
    self.path = path
    guard !path.utf8.contains(0), !path.isEmpty else {
      throw OperatorLibraryError(kind: .unreadable, path: path, message: "is not the name of a file")
    }
    // Without a slash the system's folders would be searched.
    guard let handle = unsafe dlopen(path.contains("/") ? path : "./" + path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "it cannot be opened"
      throw OperatorLibraryError(
        kind: .unreadable, path: path,
        message: reason.hasPrefix(path + ": ") ? String(reason.dropFirst(path.count + 2)) : reason)
    }
    unsafe self.handle = handle
  }

  deinit { unsafe dlclose(handle) }

  /// The name without folders, for messages.
  var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  func invalid(_ message: String) -> OperatorLibraryError {
    OperatorLibraryError(kind: .malformed, path: path, message: message)
  }

  /// What the library exports.
  func operators() throws(OperatorLibraryError) -> [LibraryOperator.Kind] {
    typealias Entry = @convention(c) (UInt32, UnsafeMutablePointer<Int>?) -> UnsafePointer<tflite_operator>?
    guard let symbol = unsafe dlsym(handle, "tflite_operators") else {
      throw OperatorLibraryError(
        kind: .notAnOperatorLibrary, path: path, message: "does not export tflite_operators (see tflite_operator.h)")
    }
    let entry = unsafe unsafeBitCast(symbol, to: Entry.self)
    var count = 0
    guard let list = unsafe entry(Self.version, &count) else {
      throw OperatorLibraryError(
        kind: .versionMismatch, path: path,
        message: "does not work with version \(Self.version) of the operator interface")
    }
    guard (1...Self.maximumCount).contains(count) else { throw invalid("says that it has \(count) operators") }
    var operators: [LibraryOperator.Kind] = []
    for index in 0..<count {
      let version = unsafe list[index].interface_version
      guard version == Self.version else {
        throw OperatorLibraryError(
          kind: .versionMismatch, path: path,
          message: "operator \(index) is of version \(version) of the operator interface, not \(Self.version)")
      }
      let name = unsafe try checkedName(of: list[index])
      operators.append(unsafe LibraryOperator.Kind(name: name, functions: list[index], file: self))
    }
    return operators
  }

  /// The name of an operator that has what an operator must have.
  private func checkedName(of functions: tflite_operator) throws(OperatorLibraryError) -> String {
    guard let stored = unsafe functions.name, let name = unsafe String(validatingCString: stored), !name.isEmpty else {
      throw invalid("has an operator without a name")
    }
    guard unsafe functions.infer != nil, unsafe functions.invoke != nil else {
      throw invalid("operator '\(name)' must have infer and invoke")
    }
    let known = UInt32(TFLITE_HAS_SIDE_EFFECTS | TFLITE_IN_PLACE)
    guard unsafe functions.flags & ~known == 0 else {
      throw invalid("operator '\(name)' has unknown flags \(unsafe functions.flags & ~known)")
    }
    return name
  }
}
