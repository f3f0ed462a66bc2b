// Sockets, threads and time under the two interfaces that the contract test runs on, by one set of names.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
typedef SOCKET sock;
#define NO_SOCKET INVALID_SOCKET
typedef HANDLE thread;
#else
typedef int sock;
#define NO_SOCKET (-1)
#include <pthread.h>
typedef pthread_t thread;
#endif

/// Sockets of TCP on the loopback address. None blocks, except that `sock_pair` connects and accepts before it says so.
sock sock_make(void);
sock sock_listener(void);
/// Begins to connect to the address of `listener`, which may be closed by then: `port` is its port.
void sock_connect(sock s, uint16_t port);
uint16_t sock_port(sock listener);
sock sock_accept(sock listener);
bool sock_pair(sock *a, sock *b);
/// Bytes moved; 0 at the end of the stream; −1: would block; −2: the connection was reset; −3: another error.
long sock_read(sock s, void *bytes, long count);
long sock_write(sock s, const void *bytes, long count);
/// Says that nothing more will be written.
void sock_half_close(sock s);
void sock_close(sock s);
/// Closes so that the other end sees a reset.
void sock_reset(sock s);
/// Whether the last `connect` of this socket was refused.
bool sock_was_refused(sock s);

bool thread_start(thread *t, void (*body)(void *), void *argument);
void thread_join(thread t);
/// Nanoseconds of a clock that never goes back.
int64_t now(void);
void pause_ms(int milliseconds);
/// Raises the number of descriptors that this process may have to so many, if it may.
bool allow_sockets(int count);
/// The name of what runs programs of another system here, such as "wine 8.0"; NULL: the system itself.
const char *emulation(void);
