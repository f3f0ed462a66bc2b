// What iocp.c asks of the system: one-shot polls of sockets that end as packets of a completion port. afd.c has it for Windows.
// Elsewhere these functions refuse (absent.c), unless the tests link their stand-in over epoll.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// One poll of one direction. From `ciocp_afd_begin` until its packet was taken, only the kernel may touch `kernel`.
typedef struct ciocp_request {
  uint64_t kernel[12];
  /// For iocp.c alone: the watch of the request, and whether the request has been begun and its packet not yet taken
  /// (§2 there).
  struct ciocp_watch *watch;
  int direction;
  _Atomic bool is_pending;
} ciocp_request;

/// What comes out of the port: the end of a request; or, with `request` NULL, a packet that `ciocp_afd_post` put there.
typedef struct ciocp_packet {
  ciocp_request *request;
  /// `is_ready`: the socket became ready for the request's direction. `is_broken`: it is broken, for both directions.
  /// Neither: the request was cancelled.
  bool is_ready, is_broken;
} ciocp_packet;

/// The port, and the device that polls.
typedef struct ciocp_afd { void *port, *device; } ciocp_afd;

bool ciocp_afd_is_here(void);
/// Returns 0, or an errno.
int ciocp_afd_open(ciocp_afd *afd);
/// Stores in `base` the handle to poll for this socket: that of the system's socket, below any layers of other vendors.
/// Returns 0, or an errno.
int ciocp_afd_base(uint64_t socket, uint64_t *base);
/// Begins a request: once the socket is ready for the direction, or at once if it is now, its packet is put into the port.
/// Returns 0, or an errno: there will be no packet then.
int ciocp_afd_begin(ciocp_afd *afd, ciocp_request *request, uint64_t base, int direction);
/// Makes a request end soon. Its packet comes in any case; it may have been under way already.
void ciocp_afd_cancel(ciocp_afd *afd, ciocp_request *request);
/// Takes up to `capacity` packets, and waits up to `nanoseconds` for the first. Returns how many, or −errno.
int ciocp_afd_take(ciocp_afd *afd, ciocp_packet *packets, int capacity, int64_t nanoseconds);
/// Puts a packet without a request into the port.
void ciocp_afd_post(ciocp_afd *afd);
