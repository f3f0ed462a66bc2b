// Readiness of sockets by a completion port, for netpoll (Sources/Runtime/Netpoll/IOCP.swift). Plain C types, so that
// the same header serves on a system that has no completion ports. iocp.c explains the design.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// A completion port, and what it needs to poll sockets. Lives as long as the process.
typedef struct ciocp ciocp;
/// One registration of a socket. It is kept for a later registration when both the caller and the kernel have let go of it.
typedef struct ciocp_watch ciocp_watch;
/// A ready socket: the tag of its registration, and what it is ready for.
typedef struct ciocp_report { uint64_t tag; bool readable, writable; } ciocp_report;
/// The most reports that one call of `ciocp_collect` stores.
enum { CIOCP_BATCH = 32 };

/// Whether this program has completion ports at all.
bool ciocp_is_here(void);
/// Opens a port. Returns 0, or an errno.
int ciocp_open(ciocp **port);
/// Registers a socket, and begins a poll for both directions at once. Returns 0, or an errno: EPERM and EBADF for what
/// cannot be polled.
int ciocp_register(ciocp *port, uint64_t socket, uint64_t tag, ciocp_watch **watch);
/// Begins a poll for one direction (0: to read, 1: to write), unless one is pending, or the registration with this tag
/// is over. Returns 0, or an errno: no poll was begun then.
int ciocp_arm(ciocp *port, ciocp_watch *watch, uint64_t tag, int direction);
/// Ends a registration while its socket is open. Nothing is reported of it afterwards.
void ciocp_unregister(ciocp *port, ciocp_watch *watch);
/// Takes what has become ready, up to CIOCP_BATCH; waits up to `nanoseconds` for it (0: not at all, < 0: without limit). One
/// thread waits, others may look meanwhile. Returns the number of reports, or −errno. Allocates and frees nothing.
int ciocp_collect(ciocp *port, int64_t nanoseconds, ciocp_report *reports);
/// Ends the current wait in `ciocp_collect`, or else the next one.
void ciocp_break(ciocp *port);
