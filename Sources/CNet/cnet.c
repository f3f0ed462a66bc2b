// See include/CNet.h.
#include "CNet.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

int cnet_accept(int fd) {
  int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return accepted < 0 ? -errno : accepted;
}

const char *cnet_errno_name(int error) { return strerrorname_np(error); }
