// io_uring without a library: the set-up, the two rings, and the one system call. How netpoll uses them, and why, is
// in Sources/Runtime/Netpoll/Uring.swift.
//
// Ordering. We write the tail of the submission ring with release, and the kernel reads it with acquire. (Our store of the
// tail is even sequentially consistent, because the netpoll thread decides by the tail whether to sleep.) The kernel
// publishes in the head how far it has read. In the completion ring the roles are exchanged.
#include "CMPG.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif

#if defined(SYS_io_uring_setup) && defined(IORING_FEAT_CQE_SKIP) && defined(IORING_POLL_ADD_MULTI)

// The features that we need: both rings in one mapping (5.4), completions that survive a full ring (5.5), and time-outs as
// an argument (5.11). We also need multishot polls (5.13) without the faults of their first versions (5.17). No bit tells
// that these faults are gone, so we ask for a feature that came with 5.17.
enum { needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP };

static void *map(int fd, size_t bytes, off_t offset) {
  return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
}

static int map_rings(mpg_uring *ring, const struct io_uring_params *p) {
  size_t submissions = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
  size_t completions = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
  char *rings = map(ring->fd, submissions > completions ? submissions : completions, IORING_OFF_SQ_RING);
  ring->entries = map(ring->fd, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
  if (rings == MAP_FAILED || ring->entries == MAP_FAILED) return -errno;
  // Without MADV_DONTFORK a child of fork would share the rings with us.
  madvise(rings, submissions > completions ? submissions : completions, MADV_DONTFORK);
  madvise(ring->entries, p->sq_entries * sizeof(struct io_uring_sqe), MADV_DONTFORK);
  ring->sq_head = (void *)(rings + p->sq_off.head);
  ring->sq_tail = (void *)(rings + p->sq_off.tail);
  ring->sq_flags = (void *)(rings + p->sq_off.flags);
  ring->sq_entries = p->sq_entries;
  ring->cq_head = (void *)(rings + p->cq_off.head);
  ring->cq_tail = (void *)(rings + p->cq_off.tail);
  ring->cq_entries = p->cq_entries;
  ring->completions = rings + p->cq_off.cqes;
  // Element i of the ring always names entry i, so entries are submitted in the order in which they are pushed.
  for (uint32_t i = 0; i < p->sq_entries; i++) ((uint32_t *)(rings + p->sq_off.array))[i] = i;
  return 0;
}

int mpg_uring_open(mpg_uring *ring, uint32_t submissions, uint32_t completions) {
  struct io_uring_params p = {.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP, .cq_entries = completions};
  int fd = (int)syscall(SYS_io_uring_setup, submissions, &p);
  if (fd < 0) return -errno;
  ring->fd = fd;
  int error = (p.features & needed) == needed ? map_rings(ring, &p) : -ENOSYS;
  if (error != 0) close(fd);  // the mappings stay: after this error the process is about to end
  return error;
}

static uint32_t pending(const mpg_uring *ring) {
  return __atomic_load_n(ring->sq_tail, __ATOMIC_SEQ_CST) - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
}

uint32_t mpg_uring_pending(const mpg_uring *ring) { return pending(ring); }

bool mpg_uring_has_room(const mpg_uring *ring) { return pending(ring) < ring->sq_entries; }

static struct io_uring_sqe *next(mpg_uring *ring) {
  struct io_uring_sqe *entry = (struct io_uring_sqe *)ring->entries + (*ring->sq_tail & (ring->sq_entries - 1));
  memset(entry, 0, sizeof *entry);
  return entry;
}

static void publish(mpg_uring *ring) { __atomic_store_n(ring->sq_tail, *ring->sq_tail + 1, __ATOMIC_SEQ_CST); }

void mpg_uring_push_watch(mpg_uring *ring, int fd, uint64_t tag, bool only_read) {
  struct io_uring_sqe *entry = next(ring);
  uint32_t events = only_read ? POLLIN : POLLIN | POLLOUT | POLLRDHUP;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  events = events << 16 | events >> 16;  // big-endian kernels expect the two halves exchanged
#endif
  entry->opcode = IORING_OP_POLL_ADD;
  entry->fd = fd;
  entry->len = IORING_POLL_ADD_MULTI;
  entry->poll32_events = events;
  entry->user_data = tag;
  publish(ring);
}

void mpg_uring_push_unwatch(mpg_uring *ring, uint64_t tag) {
  struct io_uring_sqe *entry = next(ring);
  // Not POLL_REMOVE: that fails (EALREADY) while the kernel handles an event, and leaves the poll armed.
  entry->opcode = IORING_OP_ASYNC_CANCEL;
  entry->flags = IOSQE_CQE_SKIP_SUCCESS;
  entry->fd = -1;
  entry->addr = tag;
  entry->user_data = MPG_URING_ANSWER;
  publish(ring);
}

int mpg_uring_enter(mpg_uring *ring, bool submit, int64_t nanoseconds) {
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  struct io_uring_getevents_arg argument = {.ts = nanoseconds > 0 ? (uint64_t)(uintptr_t)&limit : 0};
  unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  unsigned wanted = nanoseconds == 0 ? 0 : 1;
  long n = syscall(SYS_io_uring_enter, ring->fd, submit ? pending(ring) : 0, wanted, flags, &argument, sizeof argument);
  return n < 0 ? -errno : (int)n;
}

bool mpg_uring_overflowed(const mpg_uring *ring) {
  return __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW;
}

static mpg_ready translate(const struct io_uring_cqe *done) {
  mpg_ready ready = {.tag = done->user_data, .ended = !(done->flags & IORING_CQE_F_MORE)};
  if (done->res == -ECANCELED) return ready;
  bool failed = done->res < 0, broken = failed || done->res & (POLLERR | POLLHUP | POLLNVAL);
  ready.readable = broken || done->res & (POLLIN | POLLRDHUP);
  ready.writable = broken || done->res & POLLOUT;
  // When the kernel refuses a watch, do not report it as ended: netpoll would watch the descriptor again, which would
  // fail again at once, without end.
  if (done->res == -EBADF || done->res == -EINVAL) ready.ended = false;
  return ready;
}

int mpg_uring_take(mpg_uring *ring, mpg_ready *ready, int capacity) {
  uint32_t head = *ring->cq_head, tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
  const struct io_uring_cqe *completions = ring->completions;
  int n = 0;
  for (; head != tail && n < capacity; head++) {
    const struct io_uring_cqe *done = &completions[head & (ring->cq_entries - 1)];
    if (done->user_data != MPG_URING_ANSWER) ready[n++] = translate(done);
  }
  __atomic_store_n(ring->cq_head, head, __ATOMIC_RELEASE);
  return n;
}

#else  // headers from before Linux 5.17

int mpg_uring_open(mpg_uring *ring, uint32_t submissions, uint32_t completions) { return -ENOSYS; }
uint32_t mpg_uring_pending(const mpg_uring *ring) { return 0; }
bool mpg_uring_has_room(const mpg_uring *ring) { return true; }
void mpg_uring_push_watch(mpg_uring *ring, int fd, uint64_t tag, bool only_read) {}
void mpg_uring_push_unwatch(mpg_uring *ring, uint64_t tag) {}
int mpg_uring_enter(mpg_uring *ring, bool submit, int64_t nanoseconds) { return -ENOSYS; }
bool mpg_uring_overflowed(const mpg_uring *ring) { return false; }
int mpg_uring_take(mpg_uring *ring, mpg_ready *ready, int capacity) { return 0; }

#endif
