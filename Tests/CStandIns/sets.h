// Two sets of epoll, one for each direction: epoll itself would join both directions of a descriptor in one event.
#pragma once
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/// `set[0]`: what is to be read; `set[1]`: what is to be written; the third is for the stand-in itself.
typedef struct { struct pollfd set[3]; } sets;

static const uint32_t of_direction[2] = {EPOLLIN | EPOLLRDHUP, EPOLLOUT};

/// Returns 0, or an errno.
static inline int open_sets(sets *s) {
  for (int i = 0; i < 2; i++) {
    s->set[i] = (struct pollfd){.fd = epoll_create1(EPOLL_CLOEXEC), .events = POLLIN};
    if (s->set[i].fd < 0) return errno;
  }
  s->set[2] = (struct pollfd){.fd = -1, .events = POLLIN};
  return 0;
}

/// Watches `fd` in the set of one direction. Returns 0, or an errno.
static inline int watch_in(const sets *s, int direction, int fd, uint32_t flags, uint64_t tag) {
  struct epoll_event event = {.events = of_direction[direction] | flags, .data.u64 = tag};
  int set = s->set[direction].fd;
  if (epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
  return errno;
}

static inline int64_t now_in_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/// Sleeps until there is something in one of the three, until `end`, or (`end` < 0) without limit. Returns 0, or an errno.
static inline int sleep_on(const sets *s, int64_t end) {
  struct pollfd asked[3] = {s->set[0], s->set[1], s->set[2]};
  int64_t left = end < 0 ? 0 : end - now_in_nanoseconds();
  if (left < 0) left = 0;
  struct timespec limit = {left / 1000000000, left % 1000000000};
  return ppoll(asked, 3, end < 0 ? NULL : &limit, NULL) < 0 ? errno : 0;
}
