// See include/CNet.h.
#include "CNet.h"

#include <errno.h>
#include <stddef.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "CFaults.h"

int cnet_accept(int fd) {
  int fault = cfault(CFAULT_ACCEPT4);
  if (fault) return -fault;
  int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return accepted < 0 ? -errno : accepted;
}

long cnet_receive(int fd, void *buffer, unsigned long size) {
  int fault = cfault(CFAULT_RECV);
  if (fault) return -fault;
  ssize_t count = recv(fd, buffer, size, 0);
  return count < 0 ? -errno : count;
}

long cnet_send(int fd, const void *bytes, unsigned long size) {
  int fault = cfault(CFAULT_SEND);
  if (fault) return -fault;
  ssize_t count = send(fd, bytes, size, MSG_NOSIGNAL);
  return count < 0 ? -errno : count;
}

long cnet_unacknowledged(int fd) {
  int count = 0;
  return ioctl(fd, SIOCOUTQ, &count) < 0 ? 0 : count;
}

const char *cnet_errno_name(int error) { return strerrorname_np(error); }
