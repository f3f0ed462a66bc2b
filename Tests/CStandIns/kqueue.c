// Stands in for `kqueue` and `kevent`, over epoll, and does what the real ones do towards netpoll: each filter reports by itself,
// so a descriptor that is broken is reported twice; regular files are accepted, and never reported; an end of a pipe
// refuses the filter of the other direction; with EV_CLEAR a filter is quiet until something changes.
//
// With MPG_LIBKQUEUE=FILE in the environment, the functions are those of that library, which is libkqueue.
#include "CMPG.h"
#include "CStandIns.h"
#include "sets.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef int (*kevent_function)(int, const mpg_kevent_record *, int, mpg_kevent_record *, int, const struct timespec *);
static struct { int (*queue)(void); kevent_function event; } library;

// Before `main`: tests run out of descriptors on purpose.
__attribute__((constructor)) static void load(void) {
  const char *path = getenv("MPG_LIBKQUEUE");
  if (!path || !*path) return;
  void *handle = dlopen(path, RTLD_NOW);
  if (handle) {
    *(void **)&library.queue = dlsym(handle, "kqueue");
    *(void **)&library.event = dlsym(handle, "kevent");
  }
  if (library.queue && library.event) return;
  fprintf(stderr, "MPG_LIBKQUEUE=%s is no libkqueue\n", path);
  exit(1);
}

bool cstandins_has_libkqueue(void) { return library.queue != NULL; }

bool mpg_has_kqueue(void) { return true; }

// MARK: the stand-in

/// Queues by the descriptor of their first set. A process has few, and closes none.
static sets queues[16];
static int queue_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int mpg_kqueue(void) {
  if (cstandins_has_libkqueue()) return library.queue();
  pthread_mutex_lock(&lock);
  int error = queue_count < 16 ? open_sets(&queues[queue_count]) : EMFILE;
  int queue = error ? -1 : queues[queue_count++].set[0].fd;
  pthread_mutex_unlock(&lock);
  errno = error;
  return queue;
}

static const sets *sets_of(int queue) {
  for (int i = 0; i < queue_count; i++) {
    if (queues[i].set[0].fd == queue) return &queues[i];
  }
  return NULL;
}

// Whether this is an end of a pipe that has not this direction.
static bool is_other_end(int fd, int direction) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) return false;
  int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
  return mode != O_RDWR && mode != (direction == 0 ? O_RDONLY : O_WRONLY);
}

static int change(const sets *s, const mpg_kevent_record *order) {
  int direction = order->filter == EVFILT_READ ? 0 : 1, fd = (int)order->ident;
  if (order->flags & EV_DELETE) return epoll_ctl(s->set[direction].fd, EPOLL_CTL_DEL, fd, NULL) == 0 ? 0 : errno;
  if (is_other_end(fd, direction)) return EINVAL;
  int error = watch_in(s, direction, fd, order->flags & EV_CLEAR ? EPOLLET : 0, (uintptr_t)order->udata);
  return error == EPERM ? 0 : error;
}

static int take(const sets *s, int direction, mpg_kevent_record *records, int capacity) {
  struct epoll_event events[16];
  if (capacity <= 0) return 0;
  int n = epoll_wait(s->set[direction].fd, events, capacity < 16 ? capacity : 16, 0);
  for (int i = 0; i < n; i++) {
    bool is_over = (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    records[i] = (mpg_kevent_record){
        .filter = direction == 0 ? EVFILT_READ : EVFILT_WRITE,
        .flags = EV_CLEAR | (is_over ? EV_EOF : 0),
        .udata = events[i].data.ptr,
    };
  }
  return n < 0 ? 0 : n;
}

int mpg_kevent(int queue, const mpg_kevent_record *changes, int change_count, mpg_kevent_record *events, int event_count,
               int64_t nanoseconds) {
  if (cstandins_has_libkqueue()) {
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return library.event(queue, changes, change_count, events, event_count, nanoseconds < 0 ? NULL : &limit);
  }
  const sets *s = sets_of(queue);
  for (int i = 0; i < change_count; i++) {
    errno = s ? change(s, &changes[i]) : EBADF;
    if (errno) return -1;
  }
  int64_t end = nanoseconds < 0 ? -1 : now_in_nanoseconds() + nanoseconds;
  while (event_count > 0) {
    int count = take(s, 0, events, event_count);
    count += take(s, 1, events + count, event_count - count);
    if (count > 0 || (end >= 0 && now_in_nanoseconds() >= end)) return count;
    errno = sleep_on(s, end);
    if (errno) return -1;
  }
  return 0;
}
