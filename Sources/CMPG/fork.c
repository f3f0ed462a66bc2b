// What a child of fork has of the runtime: nothing. It has one thread and copies of everything else, but for what cannot be
// copied: the region, the rings of io_uring, epoll's list, the pipes of signals belong to the parent as much as to it.
//
// The kernel leaves the region out of the child (MADV_DONTFORK), whatever call made it. The child's only thread is told
// that it is no M, so the first use of the runtime ends in a line that says so, and the way of those that are Ms pays
// nothing for it. A page that the kernel hands to a child as zeros (MADV_WIPEONFORK) says where we are, also between the
// fork and the handler here, and where no handler is called (_Fork, clone).
//
// A child that shares the memory (vfork, posix_spawn) is no such child: it must not use the runtime, but what it may do,
// exec and _exit, touches nothing. Its pid tells it from the parent, where a handler or `exit` must know.
#include "CMPG.h"
#include "internal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint32_t *home;  // 1 in the process that booted
static pid_t owner;
static void *region_low;
static size_t region_size;
static int region_fd = -1;
static void (*forget_tables)(void);

bool mpg_has_forked(void) { return home && atomic_load_explicit(home, memory_order_relaxed) == 0; }

bool mpg_is_child(void) { return home && (mpg_has_forked() || getpid() != owner); }

bool mpg_in_region(const void *address) {
  return (uintptr_t)address - (uintptr_t)region_low < region_size;
}

static void in_child(void) {
  atomic_store_explicit(home, 0, memory_order_relaxed);  // a kernel before Linux 4.14 has not
  // The lock of the file says that the parent lives: it must not outlive it in a child.
  if (region_fd >= 0) close(region_fd);
  mpg_forget_thread();
  forget_tables();
}

int mpg_fork_install(void *region, size_t size, int fd, void (*forget)(void)) {
  size_t page = mpg_page_size();
  void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
#ifdef MADV_WIPEONFORK
  madvise(memory, page, MADV_WIPEONFORK);
#endif
  if (madvise(region, size, MADV_DONTFORK) != 0) return errno;
  region_low = region;
  region_size = size;
  region_fd = fd;
  forget_tables = forget;
  owner = getpid();
  home = memory;
  atomic_store_explicit(home, 1, memory_order_relaxed);
  return pthread_atfork(NULL, NULL, in_child);
}

void mpg_hand_back(int signal, const struct sigaction *earlier) {
  sigaction(signal, earlier, NULL);
  raise(signal);  // it is blocked until the handler returns
}
