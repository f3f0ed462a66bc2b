// Two GNU extensions that Swift's view of the C library leaves out.
#pragma once

/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC: the new descriptor, or minus an errno.
int cnet_accept(int fd);

/// The name of an errno, such as "EADDRINUSE"; NULL for a number that is none. Static storage.
const char *cnet_errno_name(int error);
