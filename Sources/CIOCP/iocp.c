// Readiness by a completion port.
//
// §1 The shape. A completion port does not say that a socket is ready; it says that something that was begun is over. What is
// begun here is a poll: "tell me when this socket can be read". It is one-shot, and a level: it ends at once if the socket is
// ready when it begins, and after its end it must be begun again. There is one request for each direction of a socket. One
// for both would have to be cancelled and begun anew whenever the other direction is wanted too.
//
// §2 When a request is begun. If it were begun again as soon as its packet was taken, it would end again at once, and
// so on, until the G has read everything: Ms that look would find the same socket for ever. So a request is begun by
// the wait: when a G has found that its call would block, it announces itself and calls `ciocp_arm`. The socket's state
// at that moment counts, so nothing that came after the failed call is missed. A request that is still pending is not
// begun twice. It will report later, or its packet lies in the port, and the G wakes for nothing and asks again. For
// that, who takes a packet must mark the request as idle *before* the G hears of it: otherwise the G's `ciocp_arm`
// could find a request that is over but still marked as pending, begin nothing, and the G would wait for ever. At
// registration both requests are begun, since nobody knows yet what is ready then.
//
// §3 How a registration ends. `ciocp_unregister` marks it as dying, and cancels the requests that are pending. But the
// memory of a request is the kernel's until its packet was taken. So a watch counts who holds it: the caller, and each
// request that is pending. Who lets go of it last puts it onto the list of spare watches. It is not freed: `free` takes
// malloc's lock, which a preempted G may hold, and the thread that takes the packet may be sysmon, which must not wait
// for a G. One lock for each watch orders beginning and dying: no request is begun after the cancelling.
//
// §4 Who takes packets: one thread at a time, by the lock `taking`, which the thread that waits keeps while it waits. A
// thread that only looks, and finds the lock taken, goes on: the holder will report. Without the lock a thread that
// looks could take the packet that was to wake the one that waits.
//
// §5 Breaking a wait. The breaker sets `broken`, and posts a packet if it was not set. The thread that waits, under
// `taking`, first takes `broken`: if it was set, it does not wait. Otherwise it waits, and clears `broken` afterwards.
// The lock alone would not do: a thread that only looks may take the packet before the thread that is to wait has the
// lock. Neither would posting the packet again: the looking thread may take it again and again. IOCPSleepModel goes
// through all interleavings; IOCPArmModel does so for §2 and §3.
#include "CIOCP.h"
#include "afd.h"
#include "held.h"
#include "lock.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct ciocp_watch {
  ciocp_request side[2];
  uint64_t base, tag;
  /// How many hold this watch: the caller, and each pending request.
  atomic_int holders;
  ciocp_lock lock;
  atomic_bool is_dying;
  ciocp_watch *next;
};

struct ciocp {
  ciocp_afd afd;
  ciocp_lock taking;
  atomic_bool broken;
  /// Watches that nobody holds, and the number of those that somebody does, under `keeping`.
  ciocp_watch *spare;
  int held;
  ciocp_lock keeping;
};

bool ciocp_is_here(void) { return ciocp_afd_is_here(); }

int ciocp_open(ciocp **port) {
  ciocp *made = calloc(1, sizeof *made);
  if (!made) return ENOMEM;
  made->taking = made->keeping = (ciocp_lock)CIOCP_UNLOCKED;
  int error = ciocp_afd_open(&made->afd);
  if (error) free(made);
  else *port = made;
  return error;
}

// MARK: registrations

// malloc is not called under `keeping`, since the poll takes that lock: otherwise the poll might wait for a goroutine
// that was preempted in malloc and holds malloc's lock.
static ciocp_watch *spare_or_new(ciocp *port) {
  lock(&port->keeping);
  ciocp_watch *watch = port->spare;
  if (watch) port->spare = watch->next;
  if (watch) port->held++;
  unlock(&port->keeping);
  if (watch) return watch;
  ciocp_watch *made = calloc(1, sizeof *made);
  if (!made) return NULL;
  lock(&port->keeping);
  port->held++;
  unlock(&port->keeping);
  made->lock = (ciocp_lock)CIOCP_UNLOCKED;
  for (int i = 0; i < 2; i++) made->side[i].watch = made, made->side[i].direction = i;
  return made;
}

static void let_go(ciocp *port, ciocp_watch *watch) {
  if (atomic_fetch_sub(&watch->holders, 1) != 1) return;
  lock(&port->keeping);
  watch->next = port->spare;
  port->spare = watch;
  port->held--;
  unlock(&port->keeping);
}

int ciocp_held(ciocp *port) {
  lock(&port->keeping);
  int held = port->held;
  unlock(&port->keeping);
  return held;
}

int ciocp_arm(ciocp *port, ciocp_watch *watch, uint64_t tag, int direction) {
  ciocp_request *request = &watch->side[direction];
  int error = 0;
  lock(&watch->lock);
  // The watch may have been unregistered meanwhile, and even be another registration's by now.
  if (!watch->is_dying && watch->tag == tag && !atomic_exchange(&request->is_pending, true)) {
    atomic_fetch_add(&watch->holders, 1);
    error = ciocp_afd_begin(&port->afd, request, watch->base, direction);
    if (error) {
      atomic_store(&request->is_pending, false);
      atomic_fetch_sub(&watch->holders, 1);  // the caller holds it too, so this is not the last
    }
  }
  unlock(&watch->lock);
  return error;
}

int ciocp_register(ciocp *port, uint64_t socket, uint64_t tag, ciocp_watch **result) {
  uint64_t base;
  int error = ciocp_afd_base(socket, &base);
  if (error) return error;
  ciocp_watch *watch = spare_or_new(port);
  if (!watch) return ENOMEM;
  lock(&watch->lock);
  watch->base = base, watch->tag = tag;
  atomic_store(&watch->holders, 1);
  atomic_store(&watch->is_dying, false);
  unlock(&watch->lock);
  for (int i = 0; i < 2 && !error; i++) error = ciocp_arm(port, watch, tag, i);
  if (error) ciocp_unregister(port, watch);
  else *result = watch;
  return error;
}

void ciocp_unregister(ciocp *port, ciocp_watch *watch) {
  lock(&watch->lock);
  atomic_store(&watch->is_dying, true);
  for (int i = 0; i < 2; i++) {
    if (watch->side[i].is_pending) ciocp_afd_cancel(&port->afd, &watch->side[i]);
  }
  unlock(&watch->lock);
  let_go(port, watch);
}

// MARK: packets

// Takes in one packet. Returns whether it is news, which is then in `report`.
static bool take(ciocp *port, const ciocp_packet *packet, ciocp_report *report) {
  ciocp_request *request = packet->request;
  if (!request) return false;  // it broke a wait
  ciocp_watch *watch = request->watch;
  *report = (ciocp_report){
      .tag = watch->tag,
      .readable = packet->is_broken || request->direction == 0,
      .writable = packet->is_broken || request->direction == 1,
  };
  bool is_news = (packet->is_ready || packet->is_broken) && !watch->is_dying;
  atomic_store(&request->is_pending, false);  // before anybody hears of it (§2)
  let_go(port, watch);
  return is_news;
}

int ciocp_collect(ciocp *port, int64_t nanoseconds, ciocp_report *reports) {
  ciocp_packet packets[CIOCP_BATCH];
  if (nanoseconds == 0) {
    if (!try_lock(&port->taking)) return 0;
  } else {
    lock(&port->taking);
    if (atomic_exchange(&port->broken, false)) nanoseconds = 0;
  }
  int count = ciocp_afd_take(&port->afd, packets, CIOCP_BATCH, nanoseconds);
  // A break from here on ends the next wait. What earlier breakers wanted this thread to notice, the caller looks for
  // now.
  if (nanoseconds != 0) atomic_store(&port->broken, false);
  int reported = 0;
  for (int i = 0; i < count; i++) reported += take(port, &packets[i], &reports[reported]);
  unlock(&port->taking);
  return count < 0 ? count : reported;
}

void ciocp_break(ciocp *port) {
  if (!atomic_exchange(&port->broken, true)) ciocp_afd_post(&port->afd);
}
