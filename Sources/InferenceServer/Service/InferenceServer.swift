internal import CompressedMessages
package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
internal import Glibc
package import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
package import NIOCore
internal import NIOHTTPTypesHTTP1
internal import NIOSSL
internal import ServiceLifecycle
internal import SystemInterface
internal import TFLiteRuntime
internal import UnixSignals

/// The server: models of a repository over HTTP and gRPC, until SIGTERM or SIGINT. SIGHUP looks for changes in the repository.
package struct InferenceServer: Sendable {
  private let options: ServerOptions
  package let service: InferenceService
  private let connections = ConnectionWatch()
  private let shutdown = ShutdownState()

  /// - Throws: ``ServingError`` when the repository cannot be read.
  package init(_ options: ServerOptions) throws(ServingError) {
    self.options = options
    let repository = try ModelRepository(
      path: options.repository, limits: options.repositoryLimits,
      weightCache: options.weightCache.map { WeightCache(directory: $0) }, logger: options.logger)
    service = InferenceService(
      repository: repository, limits: options.limits, token: options.token,
      allowsModelControl: options.allowsModelControl, logger: options.logger)
  }

  /// Serves. Returns after a graceful shutdown.
  ///
  /// - Throws: when an address cannot be bound, or a certificate cannot be read.
  package func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    for path in [options.httpSocket, options.grpcSocket].compactMap(\.self)
    where FileSystem.exists(path) && !FileSystem.isSocket(path) {
      throw ServingError(.invalidArgument, "'\(path)' is there already, and is no socket")
    }
    // Found out before the models are loaded.
    _ = try options.tls?.configuration()
    raiseFileLimit()
    var services: [any Service] = [RepositoryWatch(service.repository, options)]
    if let port = options.httpPort {
      services.append(
        HTTPListener(
          application: try httpApplication(.hostname(options.host, port: port)), address: "\(options.host):\(port)"))
    }
    if let path = options.httpSocket {
      services.append(HTTPListener(application: try httpApplication(.unixDomainSocket(path: path)), address: path))
    }
    if let port = options.grpcPort { services.append(try grpcServer(tcpAddress(port))) }
    if let path = options.grpcSocket {
      removeSocket(path)
      services.append(try grpcServer(.unixDomainSocket(path: path)))
    }
    var configuration = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: options.logger)
    configuration.maximumGracefulShutdownDuration = options.shutdownTimeout
    defer { service.repository.close() }
    try await ServiceGroup(configuration: configuration).run()
  }

  /// Removes a socket that an earlier process left behind, and nothing else.
  private func removeSocket(_ path: String) {
    if FileSystem.isSocket(path) { unsafe unlink(path) }
  }

  /// Idle connections take a file descriptor each.
  private func raiseFileLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  // MARK: HTTP

  package func httpApplication(
    _ address: BindAddress, onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
  ) throws -> Application<RESTResponder> {
    let (service, connections) = (service, connections)
    let (seconds, attoseconds) = options.limits.idleTimeout.components
    let timeout = TimeAmount.nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    let connection = HTTP1Channel.Configuration(
      additionalChannelHandlers: [ConnectionWatchHandler(connections)],
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 128))
    var server = HTTPServerBuilder { responder in
      EventLoopChannel(HTTP1Channel(responder: responder, configuration: connection)) { channel in
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addBriefInference(
          before: pipeline.handler(type: HTTP1ToHTTPServerCodec.self), service: service, idleTimeout: timeout)
      }
    }
    if let files = options.tls { server = try .tls(server, tlsConfiguration: files.configuration()) }
    let gate = ConnectionLimit.Gate()
    return Application(
      responder: RESTResponder(service: service, connections: connections), server: server,
      configuration: .init(
        address: address, serverName: ServerIdentity.name, backlog: 1024,
        availableConnectionsDelegate: ConnectionLimit(options.limits.connections, gate: gate)),
      onServerRunning: { channel in
        await gate.open(channel)
        await onServerRunning(channel)
      }, logger: options.logger)
  }

  // MARK: gRPC

  private func tcpAddress(_ port: Int) -> GRPCNIOTransportHTTP2Posix.SocketAddress {
    options.host.contains(":") ? .ipv6(host: options.host, port: port) : .ipv4(host: options.host, port: port)
  }

  private func grpcServer(_ address: GRPCNIOTransportHTTP2Posix.SocketAddress) throws -> GRPCListener {
    GRPCListener(
      server: grpcServer(transport: EventLoopTransport(grpcTransport(address), admission: service.admission)),
      address: "\(address)", shutdown: shutdown, logger: options.logger)
  }

  package func grpcTransport(_ address: GRPCNIOTransportHTTP2Posix.SocketAddress) -> HTTP2ServerTransport.Posix {
    let limits = options.limits
    let security: HTTP2ServerTransport.Posix.TransportSecurity
    if let files = options.tls {
      security = .tls(
        certificateChain: [.file(path: files.certificateChain, format: .pem)],
        privateKey: .file(path: files.privateKey, format: .pem))
    } else {
      security = .plaintext
    }
    return HTTP2ServerTransport.Posix(
      address: address, transportSecurity: security,
      config: .defaults { config in
        // The transport resets the stream of a larger message, which clients see as a cancellation. What is above the limit and below this
        // gets an answer that says so.
        config.rpc.maxRequestPayloadSize =
          limits.requestBytes.multipliedReportingOverflow(by: 2).partialValue + (1 << 20)
        config.connection.maxIdleTime = limits.idleTimeout * 5
        config.connection.keepalive.clientBehavior.allowWithoutCalls = true
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(10)
        config.http2.maxConcurrentStreams = min(limits.concurrentRequests, 1024)
        config.http2.targetWindowSize = 1 << 20
        config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { channel in
          channel.eventLoop.makeCompletedFuture { try CompressedMessages.mark(channel) }
        }
      })
  }

  package func grpcServer<Transport: ServerTransport>(transport: Transport) -> GRPCServer<Transport> {
    var interceptors: [any ServerInterceptor] = [TraceHeaders(), DeadlineInterceptor()]
    if let token = options.token { interceptors.append(TokenInterceptor(token: token)) }
    return GRPCServer(
      transport: transport,
      services: [GRPCService(service: service, shutdown: shutdown), GRPCHealth(service: service, shutdown: shutdown)],
      interceptors: interceptors)
  }

  /// Tells calls that wait for something else than an answer that the server is about to end.
  package func beginShutdown() { shutdown.begin() }
}

extension ServerOptions.TLSFiles {
  /// - Throws: ``ServingError`` that names the file.
  func configuration() throws(ServingError) -> TLSConfiguration {
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMFile(certificateChain) } catch {
      throw ServingError(.invalidArgument, "\(certificateChain): cannot be read as certificates in PEM form")
    }
    let key: NIOSSLPrivateKey
    do { key = try NIOSSLPrivateKey(file: privateKey, format: .pem) } catch {
      throw ServingError(.invalidArgument, "\(privateKey): cannot be read as a private key in PEM form")
    }
    let configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    do { _ = try NIOSSLContext(configuration: configuration) } catch {
      throw ServingError(
        .invalidArgument, "\(privateKey): the key does not belong to the certificate in \(certificateChain)")
    }
    return configuration
  }
}

/// Runs an HTTP server as one of the process's services.
private struct HTTPListener: Service, CustomStringConvertible {
  let application: Application<RESTResponder>
  let address: String

  var description: String { "HTTP \(address)" }

  func run() async throws {
    do { try await application.run() } catch let error as IOError { throw ServingError(error, "HTTP", address) }
  }
}

/// Runs a gRPC server as one of the process's services.
private struct GRPCListener: Service, CustomStringConvertible {
  let server: GRPCServer<EventLoopTransport<HTTP2ServerTransport.Posix>>
  let address: String
  let shutdown: ShutdownState
  let logger: Logger

  var description: String { "gRPC \(address)" }

  func run() async throws {
    logger.info("gRPC is served", metadata: ["address": "\(address)"])
    try await withGracefulShutdownHandler {
      do { try await server.serve() } catch let error as RuntimeError {
        throw (error.cause as? IOError).map { ServingError($0, "gRPC", address) } ?? error
      }
    } onGracefulShutdown: {
      shutdown.begin()
      server.beginGracefulShutdown()
    }
  }
}

extension ServingError {
  /// Why nothing can be served on an address.
  fileprivate init(_ error: IOError, _ what: String, _ address: String) {
    self.init(.unavailable, "cannot serve \(what) on \(address): \(unsafe String(cString: strerror(error.errnoCode)))")
  }
}
