// Which descriptors netpoll can watch. epoll itself refuses those that have no readiness; io_uring, kqueue and
// completion ports do not.
#include "CMPG.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/epoll.h>
#endif

int mpg_can_poll(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  if (S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode)) return 0;
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode)) return -EPERM;
#if defined(__linux__)
  // These are devices, and descriptors without an inode of their own: only epoll can tell.
  int epfd = epoll_create1(EPOLL_CLOEXEC);
  if (epfd < 0) return -errno;
  struct epoll_event nothing = {0};
  int error = epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &nothing) == 0 ? 0 : -errno;
  close(epfd);
  return error;
#else
  return 0;
#endif
}
