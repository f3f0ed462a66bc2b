// The control socket's system calls: they take structures and options that Swift cannot write without allocation.
#include "CMPG.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int mpg_control_listen(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  unlink(path);  // an earlier image of this process, before `exec`, may have left its socket here
  // Nobody can connect before `listen`, so it does no harm that the socket has another mode until `chmod`.
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && chmod(path, 0600) == 0 && listen(fd, 8) == 0) {
    return fd;
  }
  int error = errno;
  close(fd);
  return -error;
}

int mpg_control_accept(int listener, int32_t *pid) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return -errno;
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != getuid()) {
    static const char refusal[] = "error this scheduler belongs to another user\n";
    send(fd, refusal, sizeof refusal - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
    return -EPERM;
  }
  *pid = peer.pid;
  return fd;
}

void mpg_control_wait(int bell, int listener, int controller, int64_t nanoseconds, bool *rang, bool *knocked, bool *said) {
  struct pollfd all[3] = {{bell, POLLIN, 0}, {listener, POLLIN, 0}, {controller, POLLIN, 0}};
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  int count = ppoll(all, 3, nanoseconds < 0 ? NULL : &limit, NULL);
  *rang = count > 0 && all[0].revents;
  *knocked = count > 0 && all[1].revents;
  *said = count > 0 && all[2].revents;
  uint64_t times;
  if (*rang && read(bell, &times, sizeof times) < 0) *rang = false;
}
