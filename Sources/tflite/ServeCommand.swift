#if Server
  internal import ArgumentParser
  internal import Foundation
  internal import InferenceServer
  internal import Logging
  internal import TensorFiles

  /// `tflite serve`
  struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "serve",
      abstract: "Serve a folder of models over HTTP and gRPC (Open Inference Protocol, version 2).",
      discussion: """
        The folder has NAME/VERSION/model.tflite for each model and, if wanted, NAME/config.json (docs/serving.md). SIGTERM ends the server \
        when the requests that are under way are answered; SIGHUP makes it look for changes in the folder. Logs are lines of JSON on standard \
        error.
        """)

    @Argument(help: "The folder of models.", completion: .directory)
    var repository: String

    @Option(help: "The address to listen on. Others than this machine's own open the server to the network.")
    var host = "127.0.0.1"

    @Option(help: "The port for HTTP; 0 for none.")
    var httpPort = 8000

    @Option(help: "The port for gRPC; 0 for none.")
    var grpcPort = 8001

    @Option(help: "A Unix socket for HTTP, besides the port.", completion: .file())
    var httpSocket: String?

    @Option(help: "A Unix socket for gRPC, besides the port.", completion: .file())
    var grpcSocket: String?

    @Option(help: "A PEM file with the certificate and those above it; turns TLS on.", completion: .file())
    var tlsCertificate: String?

    @Option(help: "A PEM file with the certificate's private key.", completion: .file())
    var tlsKey: String?

    @Option(help: "A file with a secret that clients must show as a bearer token.", completion: .file())
    var tokenFile: String?

    @Option(help: "Load only this model at the start; may be given several times.")
    var load: [String] = []

    @Flag(help: "Refuse requests to load and unload models.")
    var noModelControl = false

    @Option(help: "Look for changes in the folder every so many seconds; 0 for only on SIGHUP.")
    var poll = 0

    @Option(help: "The most bytes that a request may have.")
    var maxRequestBytes = 64 << 20

    @Option(help: "The most bytes that all requests under way may have.")
    var maxBufferedBytes = 1 << 30

    @Option(help: "The most inference requests that may be under way; more are answered 503.")
    var maxRequests = 1024

    @Option(help: "The most HTTP connections.")
    var maxConnections = 8192

    @Option(help: "Close connections after so many seconds without a byte.")
    var idleTimeout = 60

    @Option(help: "How many seconds requests may take after SIGTERM.")
    var shutdownTimeout = 30

    @Option(
      help: "A folder to keep packed weights in, so that the server starts faster the next time.",
      completion: .directory)
    var weightCache: String?

    @Option(help: "What to log: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    var logLevel = Logger.Level.info.rawValue

    func validate() throws {
      for (name, port) in [("--http-port", httpPort), ("--grpc-port", grpcPort)] {
        guard (0...65535).contains(port) else { throw ValidationError("\(name) takes 0 to 65535, not \(port).") }
      }
      guard httpPort != 0 || grpcPort != 0 || httpSocket != nil || grpcSocket != nil else {
        throw ValidationError("There is nothing to listen on.")
      }
      guard (tlsCertificate == nil) == (tlsKey == nil) else {
        throw ValidationError("--tls-certificate and --tls-key go together.")
      }
      for (name, value) in [
        ("--max-request-bytes", maxRequestBytes), ("--max-buffered-bytes", maxBufferedBytes),
        ("--max-requests", maxRequests), ("--max-connections", maxConnections), ("--idle-timeout", idleTimeout),
        ("--shutdown-timeout", shutdownTimeout),
      ] {
        guard value > 0, value <= 1 << 40 else { throw ValidationError("\(name) takes a positive number.") }
      }
      guard poll >= 0, poll <= 1 << 30 else { throw ValidationError("--poll takes a number of seconds.") }
      guard Logger.Level(rawValue: logLevel) != nil else {
        throw ValidationError("--log-level '\(logLevel)' is unknown.")
      }
    }

    func run() throws {
      let level = Logger.Level(rawValue: logLevel) ?? .info
      // Libraries log through the same lines.
      LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level) }
      var options = ServerOptions(repository: repository)
      options.host = host
      options.httpPort = httpPort == 0 ? nil : httpPort
      options.grpcPort = grpcPort == 0 ? nil : grpcPort
      options.httpSocket = httpSocket
      options.grpcSocket = grpcSocket
      if let tlsCertificate, let tlsKey {
        options.tls = .init(certificateChain: tlsCertificate, privateKey: tlsKey)
      }
      if let tokenFile {
        let text = String(decoding: try readFile(tokenFile, limit: 1 << 16), as: UTF8.self)
        guard let token = BearerToken(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
          throw CommandError("\(tokenFile): a token has at least 8 visible ASCII characters on one line")
        }
        options.token = token
      }
      options.limits = ServerLimits(
        requestBytes: maxRequestBytes, bufferedBytes: maxBufferedBytes, concurrentRequests: maxRequests,
        connections: maxConnections, idleTimeout: .seconds(idleTimeout))
      options.weightCache = weightCache
      options.initialModels = load.isEmpty ? nil : load
      options.allowsModelControl = !noModelControl
      options.pollInterval = poll == 0 ? nil : .seconds(poll)
      options.shutdownTimeout = .seconds(shutdownTimeout)
      options.logger = Logger(label: "tflite.serve")
      let server = try InferenceServer(options)
      try waitFor { try await server.run() }
    }
  }
#endif
