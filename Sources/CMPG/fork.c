// A child of fork cannot use the runtime. It has one thread, and copies of the parent's memory. But the region, the rings of
// io_uring, epoll's list and the pipes of signals are not copied: parent and child would share them.
//
// The kernel leaves the region out of the child (MADV_DONTFORK), whichever call made the child. The handler below marks
// the child's only thread as no M, so the first use of the runtime there ends the child with a message; the parent's Ms
// pay nothing for this check. A page that the kernel fills with zeros in a child (MADV_WIPEONFORK) tells which process
// this is. It does so even between the fork and the handler below, and where no handler is called (_Fork, clone).
//
// A child that shares the parent's memory (vfork, posix_spawn) is another case. It may only call exec and _exit, which touch
// nothing of the runtime. Signal handlers and `exit` must tell it from the parent: they compare its pid.
#include "CMPG.h"
#include "internal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint32_t *home;  // 1 in the process that booted, 0 in a child with a copy of that process's memory
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
  atomic_store_explicit(home, 0, memory_order_relaxed);  // a kernel before Linux 4.14 has not cleared the word
  // The lock on the region's file says that the parent lives. If this descriptor stayed open in the child, the lock
  // would outlive the parent.
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
  raise(signal);  // delivered when our handler returns: the signal is blocked until then
}
