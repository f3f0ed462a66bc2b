// A lock that has the same name on all systems. Nobody waits long for it: no system call that waits is made under it.
// The one exception is `taking`, under which the netpoll thread sleeps (iocp.c §4); only a thread that would sleep
// itself waits for `taking`.
#pragma once
#include <stdbool.h>

#if defined(_WIN32)
#include <windows.h>
typedef SRWLOCK ciocp_lock;
#define CIOCP_UNLOCKED SRWLOCK_INIT
static inline void lock(ciocp_lock *l) { AcquireSRWLockExclusive(l); }
static inline bool try_lock(ciocp_lock *l) { return TryAcquireSRWLockExclusive(l); }
static inline void unlock(ciocp_lock *l) { ReleaseSRWLockExclusive(l); }
#else
#include <pthread.h>
typedef pthread_mutex_t ciocp_lock;
#define CIOCP_UNLOCKED PTHREAD_MUTEX_INITIALIZER
static inline void lock(ciocp_lock *l) { pthread_mutex_lock(l); }
static inline bool try_lock(ciocp_lock *l) { return pthread_mutex_trylock(l) == 0; }
static inline void unlock(ciocp_lock *l) { pthread_mutex_unlock(l); }
#endif
