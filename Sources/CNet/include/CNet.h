// What Swift's view of the C library leaves out, and the calls that tests make fail (CFaults).
#pragma once

/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC: the new descriptor, or minus an errno.
int cnet_accept(int fd);

/// recv: bytes received, 0 at the end of the stream, or minus an errno.
long cnet_receive(int fd, void *buffer, unsigned long size);

/// send: bytes taken, or minus an errno. A peer that is gone is EPIPE here, never SIGPIPE.
long cnet_send(int fd, const void *bytes, unsigned long size);

/// Bytes sent that the peer's system has not acknowledged yet (SIOCOUTQ); 0 where that cannot be known.
long cnet_unacknowledged(int fd);

/// The name of an errno, such as "EADDRINUSE"; NULL for a number that is none. Static storage.
const char *cnet_errno_name(int error);
