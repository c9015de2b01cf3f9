package import Logging

/// How a server is started.
package struct ServerOptions: Sendable {
  /// Files in PEM form.
  package struct TLSFiles: Sendable {
    package let certificateChain: String
    package let privateKey: String

    package init(certificateChain: String, privateKey: String) {
      self.certificateChain = certificateChain
      self.privateKey = privateKey
    }
  }

  /// The folder of models.
  package var repository: String
  /// Where to listen on TCP. This machine alone can reach the default.
  package var host = "127.0.0.1"
  /// nil for none; 0 for any that is free.
  package var httpPort: Int? = 8000
  package var grpcPort: Int? = 8001
  /// A socket in the file system for HTTP, besides TCP; nil for none.
  package var httpSocket: String?
  package var grpcSocket: String?
  package var tls: TLSFiles?
  package var token: BearerToken?
  /// The folder with packed weights; nil for none.
  package var weightCache: String?
  package var limits = ServerLimits()
  package var repositoryLimits = RepositoryLimits()
  package var allowsModelControl = true
  /// The models to load at the start; nil for all that the folder has.
  package var initialModels: [String]?
  /// How often to look for changes in the folder; nil for only when SIGHUP asks.
  package var pollInterval: Duration?
  /// How long requests may take after SIGTERM.
  package var shutdownTimeout: Duration = .seconds(30)
  package var logger = Logger(label: "tflite.serve")

  package init(repository: String) { self.repository = repository }
}
