// system.h under POSIX.
#if !defined(_WIN32)
#include "system.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

sock sock_make(void) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  fcntl(s, F_SETFL, O_NONBLOCK);
  fcntl(s, F_SETFD, FD_CLOEXEC);
  return s;
}

static struct sockaddr_in loopback(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sock sock_listener(void) {
  sock s = sock_make();
  struct sockaddr_in address = loopback(0);
  if (bind(s, (struct sockaddr *)&address, sizeof address) == 0 && listen(s, 64) == 0) return s;
  close(s);
  return NO_SOCKET;
}

uint16_t sock_port(sock listener) {
  struct sockaddr_in address = {0};
  socklen_t size = sizeof address;
  getsockname(listener, (struct sockaddr *)&address, &size);
  return ntohs(address.sin_port);
}

void sock_connect(sock s, uint16_t port) {
  struct sockaddr_in address = loopback(port);
  (void)!connect(s, (struct sockaddr *)&address, sizeof address);
}

sock sock_accept(sock listener) {
  int s = accept(listener, NULL, NULL);
  if (s >= 0) fcntl(s, F_SETFL, O_NONBLOCK);
  return s;
}

bool sock_pair(sock *a, sock *b) {
  sock listener = sock_listener();
  *b = sock_make();
  sock_connect(*b, sock_port(listener));
  int64_t end = now() + 2000000000;
  do *a = sock_accept(listener);
  while (*a < 0 && now() < end);
  close(listener);
  return *a >= 0;
}

static long result(ssize_t n) {
  if (n >= 0) return n;
  if (errno == EAGAIN || errno == EINTR) return -1;
  return errno == ECONNRESET || errno == EPIPE ? -2 : -3;
}

long sock_read(sock s, void *bytes, long count) { return result(recv(s, bytes, (size_t)count, 0)); }
long sock_write(sock s, const void *bytes, long count) { return result(send(s, bytes, (size_t)count, MSG_NOSIGNAL)); }
void sock_half_close(sock s) { shutdown(s, SHUT_WR); }
void sock_close(sock s) { close(s); }

void sock_reset(sock s) {
  struct linger linger = {1, 0};
  setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(s);
}

bool sock_was_refused(sock s) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == ECONNREFUSED;
}

typedef struct { void (*body)(void *); void *argument; } start;

static void *run(void *raw) {
  start s = *(start *)raw;
  free(raw);
  s.body(s.argument);
  return NULL;
}

bool thread_start(thread *t, void (*body)(void *), void *argument) {
  start *s = malloc(sizeof *s);
  if (!s) return false;
  *s = (start){body, argument};
  return pthread_create(t, NULL, run, s) == 0;
}

void thread_join(thread t) { pthread_join(t, NULL); }

int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void pause_ms(int milliseconds) {
  struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000l};
  while (nanosleep(&t, &t) != 0) {
  }
}

bool allow_sockets(int count) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  rlim_t wanted = (rlim_t)count + 100;
  if (limit.rlim_cur >= wanted) return true;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted) return false;
  limit.rlim_cur = wanted;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

const char *emulation(void) { return NULL; }
#endif
