// Stand-ins over epoll for interfaces that Linux lacks: `kevent` (kqueue.c), and a completion port that polls (afd.c). A program
// into which they are linked has the backends `kqueue` and `iocp`. They do what the real ones do towards netpoll, as far
// as docs/porting.md tells; they prove nothing about the real ones.
#pragma once
#include <stdbool.h>

/// Whether `kevent` is that of the library that MPG_LIBKQUEUE names, and not the stand-in.
bool cstandins_has_libkqueue(void);
