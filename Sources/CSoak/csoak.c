// Calls of Linux that the soak needs and that Swift's import of the C library lacks. See include/CSoak.h.
#include "CSoak.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

void csoak_end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

int csoak_timer(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

bool csoak_timer_set(int fd, int64_t nanoseconds) {
  struct itimerspec when = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
  return timerfd_settime(fd, 0, &when, NULL) == 0;
}

int csoak_waiting_bytes(int fd) {
  int bytes = 0;
  return ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : -1;
}

int csoak_fork_exec(const char *path) {
  char *const words[] = {(char *)path, NULL};
  char *const none[] = {NULL};
  int pid = fork();
  if (pid == 0) {
    execve(path, words, none);
    _exit(127);
  }
  return pid;
}

int csoak_fork_exit(int status) {
  int pid = fork();
  if (pid == 0) exit(status);
  return pid;
}
