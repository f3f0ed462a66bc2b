// Socket calls that Swift's import of the C library lacks, and those that tests make fail (CFaults).
#pragma once

/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC. Returns the new descriptor, or minus an errno.
int cnet_accept(int fd);

/// recv. Returns the number of bytes received, 0 at the end of the stream, or minus an errno.
long cnet_receive(int fd, void *buffer, unsigned long size);

/// send. Returns the number of bytes that the system took, or minus an errno. When the peer is gone, it returns minus
/// EPIPE, and never raises SIGPIPE.
long cnet_send(int fd, const void *bytes, unsigned long size);

/// Number of sent bytes that the peer's system has not acknowledged yet (SIOCOUTQ); 0 when the system cannot tell.
long cnet_unacknowledged(int fd);

/// The name of an errno, such as "EADDRINUSE", in static storage; NULL for a number that is no errno.
const char *cnet_errno_name(int error);
