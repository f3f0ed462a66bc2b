// System calls that Swift's import of the C library lacks or cannot express.
#include "CMPG.h"
#include "CFaults.h"
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

int mpg_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds) {
  int fault = cfault(CFAULT_FUTEX_WAIT);
  if (fault) return fault;
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  long result = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nanoseconds < 0 ? NULL : &limit, NULL, 0);
  return result == 0 ? 0 : errno;
}

void mpg_futex_wake(const void *word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

size_t mpg_page_size(void) {
  static _Atomic size_t size;
  if (!size) size = (size_t)sysconf(_SC_PAGESIZE);
  return size;
}

int mpg_guard(void *address, size_t size) {
  enum { guard_install = 102 };  // MADV_GUARD_INSTALL, Linux 6.13
  static _Atomic int unsupported;
  if (!unsupported) {
    int error = cfault(CFAULT_MADVISE);
    if (!error) error = madvise(address, size, guard_install) == 0 ? 0 : errno;
    if (error != EINVAL) return error;
    unsupported = 1;
  }
  int fault = cfault(CFAULT_MPROTECT);
  if (fault) return fault;
  return mprotect(address, size, PROT_NONE) == 0 ? 0 : errno;
}

int mpg_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

int mpg_epoll_add(int epfd, int fd, uint64_t tag, bool level) {
  int fault = cfault(CFAULT_EPOLL_CTL);
  if (fault) return -fault;
  uint32_t events = level ? EPOLLIN : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  struct epoll_event event = {.events = events, .data.u64 = tag};
  return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int mpg_epoll_remove(int epfd, int fd) {
  struct epoll_event unused = {0};
  return epoll_ctl(epfd, EPOLL_CTL_DEL, fd, &unused) == 0 ? 0 : -errno;
}

static int wait_for(int epfd, struct epoll_event *events, int capacity, int64_t nanoseconds) {
#ifdef SYS_epoll_pwait2
  static _Atomic int unsupported;
  if (!unsupported && nanoseconds > 0) {
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    long n = syscall(SYS_epoll_pwait2, epfd, events, capacity, &limit, NULL, 0);
    if (n >= 0 || errno != ENOSYS) return (int)n;
    unsupported = 1;
  }
#endif
  int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
  return epoll_wait(epfd, events, capacity, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

int mpg_epoll_wait(int epfd, mpg_ready *ready, int capacity, int64_t nanoseconds) {
  int fault = cfault(CFAULT_EPOLL_WAIT);
  if (fault) return -fault;
  enum { most = 64 };  // 64 events take less than a kilobyte of a G's small stack
  struct epoll_event events[most];
  int n = wait_for(epfd, events, capacity < most ? capacity : most, nanoseconds);
  if (n < 0) return -errno;
  for (int i = 0; i < n; i++) {
    uint32_t e = events[i].events, broken = e & (EPOLLERR | EPOLLHUP);
    ready[i] = (mpg_ready){
        .tag = events[i].data.u64,
        .readable = broken || e & (EPOLLIN | EPOLLRDHUP),
        .writable = broken || e & EPOLLOUT,
    };
  }
  return n;
}

int mpg_eventfd(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

void mpg_eventfd_add(int fd) {
  uint64_t one = 1;
  int fault = cfault(CFAULT_EVENTFD_WRITE);
  // EAGAIN needs no second try: the eventfd's counter is full, so the descriptor is readable already, and wakes its
  // reader.
  while ((fault ? fault : write(fd, &one, sizeof one) < 0 ? errno : 0) == EINTR) fault = 0;
}

int mpg_pipe(int ends[2]) { return pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0 ? 0 : -errno; }

int mpg_allocate(int fd, int64_t offset, int64_t bytes) {
  int error;
  do {
    error = cfault(CFAULT_FALLOCATE);
    if (!error) error = fallocate(fd, 0, offset, bytes) == 0 ? 0 : errno;
  } while (error == EINTR);
  return -error;
}

static void *map(void *address, size_t size, int flags, int *error) {
  *error = cfault(CFAULT_MMAP);
  if (*error) return NULL;
  flags |= MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *memory = mmap(address, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory != MAP_FAILED) return memory;
  *error = errno;
  return NULL;
}

void *mpg_reserve(size_t size, int *error) {
  void *memory = map(NULL, size, 0, error);
  if (memory) madvise(memory, size, MADV_NOHUGEPAGE);  // may fail: a kernel without huge pages needs no advice
  return memory;
}

int mpg_replace(void *address, size_t size) {
  int error;
  return map(address, size, MAP_FIXED, &error) ? 0 : error;
}

int mpg_punch(int fd, int64_t offset, int64_t bytes) {
  return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes) == 0 ? 0 : -errno;
}

bool mpg_is_tmpfs(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

// A small block in the malloc arena of each M's thread. Any thread pushes one; only the gc thread takes them, all at once.
struct mark {
  struct mark *next;
};
static _Atomic(struct mark *) marks;

static void push_mark(struct mark *mark) {
  mark->next = atomic_load_explicit(&marks, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(&marks, &mark->next, mark, memory_order_release,
                                                memory_order_relaxed)) {
  }
}

void mpg_mark_arena(void) {
#if defined(__GLIBC__)
  struct mark *mark = malloc(sizeof *mark);
  if (mark) push_mark(mark);
#endif
}

// malloc_trim does not give back the free end of an arena, except in the first arena. malloc itself gives the end back
// when a block of 64 KiB or more becomes free in that arena, which does not happen while the arena's threads sleep. But
// any thread can make that happen: a block that is grown and shrunk again stays in its arena, and by shrinking frees
// a large block there.
void mpg_trim(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
  struct mark *mark = atomic_exchange_explicit(&marks, NULL, memory_order_acquire);
  while (mark) {
    struct mark *next = mark->next;
    // below malloc's mmap threshold, 128 KiB, so the block stays in the arena
    void *large = realloc(mark, 80 << 10);
    void *small = large ? realloc(large, sizeof *mark) : mark;
    push_mark(small ? small : large);
    mark = next;
  }
#endif
}

int mpg_cpus(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

// The descriptor that the handler writes to, by signal. Set before the handler is installed, and never cleared.
static _Atomic int signal_fds[65];
static struct sigaction before_forward[65];

static void forward(int signal) {
  // In a child the pipe leads to the parent: a write would report the child's signal to the parent.
  if (mpg_is_child()) return mpg_hand_back(signal, &before_forward[signal]);
  int saved = errno;
  unsigned char number = (unsigned char)signal;
  // A pipe that is full needs no further byte: it is readable already, and wakes its reader.
  if (write(signal_fds[signal], &number, 1) < 0) errno = saved;
  errno = saved;
}

int mpg_catch_signal(int32_t signal, int fd) {
  if (signal < 1 || signal > 64) return EINVAL;
  bool is_first = atomic_exchange(&signal_fds[signal], fd) == 0;
  struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(signal, &action, is_first ? &before_forward[signal] : NULL) != 0) return errno;
  sigset_t inherited;
  sigemptyset(&inherited);
  sigaddset(&inherited, signal);
  return pthread_sigmask(SIG_UNBLOCK, &inherited, NULL);
}

bool mpg_clock_counts;

void mpg_clock_use_counter(bool use) { mpg_clock_counts = use; }

bool mpg_clock_is_invariant(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (!__get_cpuid(0x80000000, &a, &b, &c, &d) || a < 0x80000007) return false;
  __get_cpuid(0x80000007, &a, &b, &c, &d);
  return d & (1u << 8);
#elif defined(__aarch64__)
  return true;  // the architecture says that the generic timer runs at one speed
#else
  return false;
#endif
}

uint64_t mpg_clock_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Opens stderr a second time, as a descriptor that does not block; −1 when that cannot be done. O_NONBLOCK set on descriptor
// 2 itself would hold for all processes that share it, such as the shell and our children.
static int open_stderr(mode_t mode) {
  if (!S_ISFIFO(mode) && !S_ISCHR(mode)) return -1;
  return open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

// Writes as many bytes to stderr as there is room for, or fails with EAGAIN.
static ssize_t put(int own, mode_t mode, const void *bytes, size_t count) {
  if (own >= 0) return write(own, bytes, count);
  if (S_ISSOCK(mode)) return send(2, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  // A write to a regular file waits for no reader. Anything else here is a pipe or a terminal that could not be opened a
  // second time: it is asked for room first. The write may still block if another writer takes that room in between.
  struct pollfd room = {.fd = 2, .events = POLLOUT};
  if (S_ISREG(mode) || poll(&room, 1, 0) != 0) return write(2, bytes, count);
  errno = EAGAIN;
  return -1;
}

bool mpg_tell(const void *bytes, size_t count, int64_t nanoseconds) {
  struct stat status;
  if (fstat(2, &status) != 0) return false;
  int own = open_stderr(status.st_mode);
  uint64_t end = mpg_clock_nanoseconds() + (uint64_t)nanoseconds;
  const char *rest = bytes;
  while (count > 0) {
    ssize_t written = put(own, status.st_mode, rest, count);
    if (written >= 0) {
      rest += written;
      count -= (size_t)written;
      continue;
    }
    if (errno == EINTR) continue;
    uint64_t now = mpg_clock_nanoseconds();
    if (errno != EAGAIN || now >= end) break;
    struct pollfd room = {.fd = 2, .events = POLLOUT};
    poll(&room, 1, (int)((end - now) / 1000000) + 1);
  }
  if (own >= 0) close(own);
  return count == 0;
}
