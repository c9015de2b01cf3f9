package import NIOCore
internal import NIOPosix

/// The event loops that the process's servers share. Apart from what uses them: a module that imports `NIOPosix` finds the system's types there.
package enum EventLoops {
  /// That of the calling thread, or any.
  package static var nearest: any EventLoop {
    MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
  }
}
