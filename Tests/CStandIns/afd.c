// Stands in for a completion port and the device that polls (Sources/CIOCP/afd.h), over epoll. Each poll is one-shot
// and a level; its end is a packet, and so is its cancelling; every request that was begun has exactly one packet. A request
// that is begun twice ends the process: the real device would write into memory that is in use.
#include "CMPG.h"
#include "CStandIns.h"
#include "../../Sources/CIOCP/afd.h"
#include "sets.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

typedef struct {
  sets sets;
  pthread_mutex_t lock;
  /// Under the lock: cancelled requests whose packets were not taken, and the number of packets that were posted.
  struct ciocp_request *cancelled;
  int posted;
} port;

/// The kernel's part of a request.
typedef struct {
  ciocp_request *next;
  /// Whether the system still owes the request its packet. Whoever clears this gives it.
  atomic_bool is_owed;
  bool was_ready;
  int fd;
} kernel_memory;
_Static_assert(sizeof(kernel_memory) <= sizeof((ciocp_request *)0)->kernel, "the kernel's part of a request");

static kernel_memory *memory(ciocp_request *request) { return (kernel_memory *)request->kernel; }
static port *port_of(ciocp_afd *afd) { return afd->port; }

static void ring(port *p) {
  uint64_t one = 1;
  (void)!write(p->sets.set[2].fd, &one, sizeof one);
}

bool ciocp_afd_is_here(void) { return true; }

int ciocp_afd_open(ciocp_afd *afd) {
  port *p = calloc(1, sizeof *p);
  if (!p) return ENOMEM;
  int error = open_sets(&p->sets);
  if (error) return error;
  p->sets.set[2].fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (p->sets.set[2].fd < 0) return errno;
  pthread_mutex_init(&p->lock, NULL);
  afd->port = p;
  return 0;
}

// The device polls sockets only. This one polls whatever epoll does, so that all suites can run over it.
int ciocp_afd_base(uint64_t socket, uint64_t *base) {
  *base = socket;
  return -mpg_can_poll((int)socket);
}

int ciocp_afd_begin(ciocp_afd *afd, ciocp_request *request, uint64_t base, int direction) {
  kernel_memory *m = memory(request);
  m->fd = (int)base;
  if (atomic_exchange(&m->is_owed, true)) abort();
  int error = watch_in(&port_of(afd)->sets, direction, m->fd, EPOLLONESHOT, (uintptr_t)request);
  if (error) atomic_store(&m->is_owed, false);
  return error;
}

void ciocp_afd_cancel(ciocp_afd *afd, ciocp_request *request) {
  port *p = port_of(afd);
  kernel_memory *m = memory(request);
  if (!atomic_exchange(&m->is_owed, false)) return;  // its packet is under way
  epoll_ctl(p->sets.set[request->direction].fd, EPOLL_CTL_DEL, m->fd, NULL);
  // The device would have put the packet of a ready socket into the port by now.
  struct pollfd asked = {.fd = m->fd, .events = request->direction == 0 ? POLLIN : POLLOUT};
  m->was_ready = poll(&asked, 1, 0) > 0;
  pthread_mutex_lock(&p->lock);
  m->next = p->cancelled;
  p->cancelled = request;
  pthread_mutex_unlock(&p->lock);
  ring(p);
}

void ciocp_afd_post(ciocp_afd *afd) {
  port *p = port_of(afd);
  pthread_mutex_lock(&p->lock);
  p->posted++;
  pthread_mutex_unlock(&p->lock);
  ring(p);
}

static int take_queued(port *p, ciocp_packet *packets, int capacity) {
  int count = 0;
  uint64_t unused;
  pthread_mutex_lock(&p->lock);
  for (; count < capacity && p->posted > 0; p->posted--) packets[count++] = (ciocp_packet){0};
  while (count < capacity && p->cancelled) {
    packets[count++] = (ciocp_packet){p->cancelled, memory(p->cancelled)->was_ready, false};
    p->cancelled = memory(p->cancelled)->next;
  }
  if (!p->posted && !p->cancelled) (void)!read(p->sets.set[2].fd, &unused, sizeof unused);
  pthread_mutex_unlock(&p->lock);
  return count;
}

static int take_ready(port *p, int direction, ciocp_packet *packets, int capacity) {
  struct epoll_event events[16];
  int count = 0;
  if (capacity <= 0) return 0;
  int n = epoll_wait(p->sets.set[direction].fd, events, capacity < 16 ? capacity : 16, 0);
  for (int i = 0; i < n; i++) {
    ciocp_request *request = events[i].data.ptr;
    if (!atomic_exchange(&memory(request)->is_owed, false)) continue;  // it was cancelled meanwhile
    packets[count++] = (ciocp_packet){request, true, (events[i].events & (EPOLLERR | EPOLLHUP)) != 0};
  }
  return count;
}

int ciocp_afd_take(ciocp_afd *afd, ciocp_packet *packets, int capacity, int64_t nanoseconds) {
  port *p = port_of(afd);
  int64_t end = nanoseconds < 0 ? -1 : now_in_nanoseconds() + nanoseconds;
  while (1) {
    int count = take_queued(p, packets, capacity);
    for (int i = 0; i < 2; i++) count += take_ready(p, i, packets + count, capacity - count);
    if (count > 0 || (end >= 0 && now_in_nanoseconds() >= end)) return count;
    if (sleep_on(&p->sets, end) == EINTR) return 0;
  }
}
