// The parts of the runtime that cannot be written in Swift: switching stacks, thread-locals that stay right
// when a G changes its thread, futexes, the CPU's counter. Nothing here decides anything; the decisions are
// in Sources/Runtime.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

// MARK: context (context.c, switch_*.S)

/// Prefetches memory that is about to be read into the CPU's cache. Any address is allowed.
static inline void mpg_prefetch(const void *address) { __builtin_prefetch(address); }

/// A flow of control that can be left and resumed: a G, or a thread's scheduling stack.
typedef struct mpg_fiber {
  void *sp;            ///< Saved stack pointer while the fiber does not run; its callee-saved registers lie at that address.
  void *access[2];     ///< Swift's set of open exclusive accesses while the fiber does not run; see Context.swift.
  void *sanitizer;     ///< A sanitizer's record of the fiber; unused in other builds.
} mpg_fiber;

/// Makes `fiber` start with `entry(argument)` on the stack [low, low + size) when it is first entered. `entry` never returns.
void mpg_fiber_prepare(mpg_fiber *fiber, void *low, size_t size, void (*entry)(void *), void *argument);
/// Registers the calling thread's own stack as a fiber.
void mpg_fiber_adopt(mpg_fiber *fiber);
/// Frees what `mpg_fiber_prepare` made. The fiber must not run again, and the caller must be on another stack.
void mpg_fiber_retire(mpg_fiber *fiber);
/// From the scheduling stack: runs `g` until it leaves. Installs `g`'s set of exclusive accesses, and takes it back after.
void mpg_fiber_enter(mpg_fiber *scheduler, mpg_fiber *g);
/// From `g`: goes back to the scheduling stack. Returns when `g` is entered again, perhaps on another thread.
void mpg_fiber_leave(mpg_fiber *g, mpg_fiber *scheduler);
/// From `g`, as its last act: goes back to the scheduling stack and never returns.
_Noreturn void mpg_fiber_exit(mpg_fiber *g, mpg_fiber *scheduler);

// MARK: thread-local (thread.c)

/// The M of the calling thread, or NULL. It is no inline function on purpose: the compiler could otherwise keep the address
/// of the thread-local across a switch, and use it after the G has moved to another thread.
void *mpg_current(void);
void mpg_set_current(void *m);

/// The values of a thread's stop word. Preempt.swift §3 says which side changes it from which value to which. From MPG_STILL
/// on the thread has no P; `mpg_enter` relies on that order.
enum {
  MPG_RUNS = 0,       ///< The thread runs, and nothing is asked of it.
  MPG_ASKED = 1,      ///< Sysmon asks the thread to stop, and has sent no signal.
  MPG_SIGNALLED = 2,  ///< A signal to the thread is on its way, or is about to be sent.
  MPG_INSISTED = 3,   ///< Like MPG_SIGNALLED, but the thread is to stop even inside a library that may hold a lock.
  MPG_NOTED = 4,      ///< The thread will give way when it leaves the runtime: the handler or the thread has noted the request.
  MPG_BUSY = 5,       ///< The handler found the thread in a library that may hold a lock, and let it go on.
  MPG_STILL = 6,      ///< The thread stands still outside the runtime: in the handler of SIGURG, or in `mpg_enter`.
  MPG_LENT = 7,       ///< The thread runs on without a P, in user code only.
  MPG_TAKING = 8,     ///< The thread sleeps in the kernel, and sysmon is about to take its P.
  MPG_ADRIFT = 9,     ///< The thread lost its P in its sleep; it may run user code until it enters the runtime or is stopped.
};

/// Offset in bytes of the stop word from the pointer that `mpg_set_current` gets.
enum { MPG_STOP_OFFSET = 448 };

/// Marks the calling thread as inside the runtime, where a preemption signal only leaves a note. Returns its M, or
/// NULL. A thread without a P (MPG_LENT, MPG_ADRIFT) waits here until it is granted a P.
void *mpg_enter(void);
/// Marks the calling thread as outside the runtime: in the user code of a G. Returns whether the G must give way now,
/// because it was asked to stop; the note that says so is cleared.
bool mpg_leave(void);
/// Leaves the calling thread a note, as if it had been asked to stop: its next `mpg_leave` returns true.
void mpg_note(void);
/// As `mpg_leave`, but does not answer a request, and leaves the thread a note.
void mpg_leave_with_note(void);
/// Whether the calling thread is inside the runtime: on a scheduling stack, inside blocking { … }, or in a call by a G.
bool mpg_is_inside(void);
/// To be called inside the runtime before a system call, when sysmon may already take the P. Answers a request to stop,
/// and waits for a signal that is on its way: the signal would otherwise cut the system call short.
void mpg_answer_before_call(void);
/// Whether a stop word has any value but MPG_RUNS. The compiler does not move this load before earlier ones.
static inline bool mpg_is_asked(const void *word) {
  __asm__ volatile("" ::: "memory");
  return *(const volatile uint32_t *)word != MPG_RUNS;
}
/// Sets the calling thread's stop word, and unblocks SIGURG. Returns the argument for `mpg_is_inside_there`, which is valid
/// as long as this thread lives.
const void *mpg_stop_word(void *word);
/// What `mpg_is_inside` would return on another thread: `where` is what `mpg_stop_word` returned on that thread.
bool mpg_is_inside_there(const void *where);
/// Installs the handler of SIGURG, which does nothing in a child of fork. When the handler has answered a
/// request, it sets the futex word `bell` to 1 and wakes the threads that sleep on it. A thread that stands
/// still goes on when its stop word changes. Returns 0, or an errno.
int mpg_preempt_install(void *bell);
/// Sends SIGURG to a thread of this process.
void mpg_preempt_thread(int32_t tid);
/// CPU time that a thread of this process has used, in nanoseconds; −1: there is no such thread.
int64_t mpg_thread_cpu(int32_t tid);
/// Results of `mpg_thread_sleeps_in` that are not the number of a system call.
enum { MPG_AWAKE = -1, MPG_SLEEP_UNKNOWN = -2 };
/// The number of the system call in which a thread of this process sleeps; MPG_AWAKE: it runs, or waits for a CPU or
/// for a page; MPG_SLEEP_UNKNOWN: the kernel does not say. Allocates nothing.
int mpg_thread_sleeps_in(int32_t tid);
/// Whether this is the number of the futex call, in which threads wait for a lock.
bool mpg_is_futex(int number);
/// Makes every thread of this process pass a full memory barrier. Returns false when the kernel cannot do that.
bool mpg_all_threads_barrier(void);

/// Starts a detached thread, which ends when `body` returns, or by `mpg_thread_end`. Returns 0, or an errno.
int mpg_thread_start(void *(*body)(void *), void *argument);
/// Ends the calling thread, without returning from its functions. `mpg_thread_start` must have started it, and it must run
/// on its own stack, not on a G's.
_Noreturn void mpg_thread_end(void);
/// Makes the calling thread no M any more: from then on it is never asked to stop, and never granted a P.
void mpg_forget_thread(void);
int32_t mpg_tid(void);
void mpg_thread_name(const char *name);
/// Blocks all signals in the calling thread, so that it runs no handler, and no signal of its own calls (such as SIGPIPE)
/// ends the process.
void mpg_block_signals(void);
/// Sets the calling thread's timer slack to 1 ns. By default the kernel may end a thread's waits 50 µs late, so that several
/// waits end at once.
void mpg_thread_punctual(void);
/// Asks the kernel to run the calling thread soon after it is woken, and only briefly: a slice of 0.1 ms. Without effect
/// before Linux 6.12.
void mpg_thread_prompt(void);
/// Sleeps for `nanoseconds`, or up to 50 µs longer.
void mpg_doze(int64_t nanoseconds);
/// Lets another thread run on this CPU, if one waits for it.
void mpg_give_way(void);

// MARK: control socket (control.c)

/// Opens a Unix socket at `path` that listens and does not block, with mode 0600. Replaces what is there. Returns the
/// descriptor, or −errno.
int mpg_control_listen(const char *path);
/// Accepts a connection of this user, and stores the pid of the process at the other end. The connection does not block.
/// Returns its descriptor, or −errno; −EPERM: a process of another user had connected, and was told that it may not.
int mpg_control_accept(int listener, int32_t *pid);
/// Waits until the eventfd `bell` was rung, a process connects to `listener`, or `controller` (< 0: none) has sent
/// something or is gone; for up to `nanoseconds` (< 0: without limit). Stores which of these came, and empties the bell.
void mpg_control_wait(int bell, int listener, int controller, int64_t nanoseconds, bool *rang, bool *knocked, bool *said);

// MARK: system (system.c)

/// Sleeps while *word == expected, for up to `nanoseconds`; < 0: without limit. Returns 0, or the errno (EAGAIN, EINTR,
/// ETIMEDOUT).
int mpg_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds);
/// Wakes up to `count` threads of this process that sleep on `word`.
void mpg_futex_wake(const void *word, int count);
/// Size of a page in bytes: 4 KiB on x86-64, 4, 16 or 64 KiB on other machines.
size_t mpg_page_size(void);
/// Makes the whole pages [address, address + size) fault on touch; on Linux 6.13 and later without splitting the mapping.
/// Returns 0, or an errno.
int mpg_guard(void *address, size_t size);
/// A ready descriptor: the tag with which it was registered, and whether it can be read and written. `ended`: its watch in
/// the kernel has ended and must be set up again (io_uring).
typedef struct mpg_ready { uint64_t tag; bool readable, writable, ended; } mpg_ready;
/// Makes an epoll instance. Returns its descriptor, or −errno.
int mpg_epoll_create(void);
/// Watches `fd` for reading and writing, edge-triggered; or with `level` for reading only, level-triggered. Returns 0, or
/// −errno.
int mpg_epoll_add(int epfd, int fd, uint64_t tag, bool level);
int mpg_epoll_remove(int epfd, int fd);
/// Waits up to `nanoseconds` (0: not at all, < 0: for ever). On a kernel without epoll_pwait2 the time is rounded up to whole
/// milliseconds. An error or a hang-up makes a descriptor ready for both. Returns the number of descriptors, or −errno.
int mpg_epoll_wait(int epfd, mpg_ready *ready, int capacity, int64_t nanoseconds);
/// Returns 0 when `fd` is of a kind that can be waited for, or −errno: −EPERM for regular files, as epoll does.
int mpg_can_poll(int fd);
/// Makes an eventfd that does not block. Returns its descriptor, or −errno.
int mpg_eventfd(void);
/// Adds one to an eventfd's counter.
void mpg_eventfd_add(int fd);
/// Makes a pipe: ends[0] to read, ends[1] to write. Neither end blocks, and exec closes both. Returns 0, or −errno.
int mpg_pipe(int ends[2]);
/// Writes to stderr, and waits up to `nanoseconds` for room there. Returns whether all was written. Async-signal-safe.
bool mpg_tell(const void *bytes, size_t count, int64_t nanoseconds);
/// Allocates part of a file, so that touching that part cannot fail. Returns 0, or −errno.
int mpg_allocate(int fd, int64_t offset, int64_t bytes);
/// Gives the memory of a part of a file back to the file system. That part then reads as zeros. Returns 0, or −errno.
int mpg_punch(int fd, int64_t offset, int64_t bytes);
/// Whether `path` lies on a tmpfs.
bool mpg_is_tmpfs(const char *path);
/// Makes malloc give freed memory back to the system, also from the arenas of sleeping threads that called
/// `mpg_mark_arena`. Only one thread at a time may call it; it takes malloc's locks.
void mpg_trim(void);
/// Makes `mpg_trim` trim the calling thread's arena too, for as long as the process lives.
void mpg_mark_arena(void);
/// Reserves address space whose pages get memory when they are touched, never huge pages. NULL: the errno is in `error`.
void *mpg_reserve(size_t size, int *error);
/// Replaces what is mapped at [address, address + size) by memory as `mpg_reserve` gives it, which reads as zeros.
/// Returns 0, or an errno.
int mpg_replace(void *address, size_t size);
/// Number of CPUs that this process may run on; at least 1.
int mpg_cpus(void);
/// From now on each `signal` writes its number, one byte, to `fd`, which must not block. Also unblocks the signal in the
/// calling thread. In a child of fork the signal goes to the handler that was installed before. Returns 0, or an errno.
int mpg_catch_signal(int32_t signal, int fd);

// MARK: io_uring (uring.c)

/// The two rings that are shared with the kernel. Which threads may push, enter and take: see Uring.swift.
typedef struct mpg_uring {
  int fd;
  uint32_t sq_entries, cq_entries;
  uint32_t *sq_head, *sq_tail, *sq_flags, *cq_head, *cq_tail;
  void *entries, *completions;
} mpg_uring;
/// The tag of completions that nobody waits for: those of orders to end a watch. `mpg_uring_take` drops them.
#define MPG_URING_ANSWER 1ull
/// Makes a pair of rings with room for `submissions` and for `completions`. Returns 0, or −errno: −ENOSYS when the
/// kernel is too old.
int mpg_uring_open(mpg_uring *ring, uint32_t submissions, uint32_t completions);
/// Number of entries that were pushed and not yet submitted.
uint32_t mpg_uring_pending(const mpg_uring *ring);
bool mpg_uring_has_room(const mpg_uring *ring);
/// Pushes an order to report each change of `fd` from now on, and to report at once if it is ready. The ring must have room.
void mpg_uring_push_watch(mpg_uring *ring, int fd, uint64_t tag, bool only_read);
/// Pushes an order to end the watch with this tag. The ring must have room.
void mpg_uring_push_unwatch(mpg_uring *ring, uint64_t tag);
/// With `submit`, submits what was pushed. Then waits for a completion, up to `nanoseconds` (0: not at all, < 0: for ever).
/// Returns −errno when it failed or timed out (−ETIME).
int mpg_uring_enter(mpg_uring *ring, bool submit, int64_t nanoseconds);
/// Whether the kernel holds completions back because the ring was full. `mpg_uring_enter` fetches them.
bool mpg_uring_overflowed(const mpg_uring *ring);
/// Takes up to `capacity` completions, and returns how many it stored in `ready`.
int mpg_uring_take(mpg_uring *ring, mpg_ready *ready, int capacity);

// MARK: kqueue (kqueue.c)

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || defined(__DragonFly__)
#include <sys/event.h>
typedef struct kevent mpg_kevent_record;
#else
/// An order, or an event, as <sys/event.h> has it on macOS and the BSDs; so kqueue's backend is compiled on every system. The
/// layout and the numbers are those of macOS and of libkqueue.
typedef struct mpg_kevent_record {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void *udata;
} mpg_kevent_record;
#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_CLEAR 0x0020
#define EV_ERROR 0x4000
#define EV_EOF 0x8000
#endif
/// Whether this process has kqueue.
bool mpg_has_kqueue(void);
/// `kqueue` and `kevent`; where there are none, they fail with ENOSYS, unless the tests link a stand-in. `nanoseconds` < 0:
/// without limit.
int mpg_kqueue(void);
int mpg_kevent(int queue, const mpg_kevent_record *changes, int change_count, mpg_kevent_record *events, int event_count,
               int64_t nanoseconds);

// MARK: faults (fault.c)

/// Installs handlers for faults and traps. `report` is called at the first one of any thread, in the signal handler, on the
/// alternate stack; it gets the stack pointer that the thread had, and its M or NULL. Then the signal goes to the handler
/// that was installed before. `report` is called in a child of fork, too. Returns 0, or an errno.
int mpg_fault_install(void (*report)(int32_t signal, void *address, void *sp, void *m));
/// Gives the calling thread a stack for signal handlers. Without it no handler could run after an overflow of its stack.
void mpg_alternate_stack(void);
/// Installs a handler of SIGQUIT that calls `callback`. In a child of fork the signal goes to the handler that was installed
/// before. Returns 0, or an errno.
int mpg_quit_install(void (*callback)(void));

// MARK: fork (fork.c)

/// Leaves the region out of children of fork, and installs a handler that runs on a child's only thread. The handler makes
/// that thread no M, closes `fd` unless it is −1, and calls `forget`. It does not run in children of `_Fork` and of a bare
/// `clone`. To be called once, at boot. Returns 0, or an errno.
int mpg_fork_install(void *region, size_t size, int fd, void (*forget)(void));
/// Whether this process is a child of the one that booted, with a copy of its memory. Costs a load.
bool mpg_has_forked(void);
/// Whether this process is a child of the one that booted, with a copy of its memory or (vfork) in the same memory. Costs a
/// system call. Async-signal-safe.
bool mpg_is_child(void);
/// Whether the address lies in the region, which a child does not have.
bool mpg_in_region(const void *address);

// MARK: files (files.c)

/// Opens a file to read. Returns a descriptor, or −errno, as the other functions here do that open a file.
int mpg_open_file(const char *path);
/// Opens a folder, only to open files beneath it.
int mpg_open_folder(const char *path);
/// Opens `path` beneath `folder` to read. A path that leads out of the folder, by `..` or by a link, gives −EXDEV.
int mpg_open_beneath(int folder, const char *path);
/// Like `mpg_open_beneath`, but without openat2, which kernels before Linux 5.6 lack. Opens one component after the other, and
/// follows no link at all (−ELOOP, or −ENOTDIR for a link to a folder).
int mpg_open_walking(int folder, const char *path);
/// The size of a regular file in bytes; −EISDIR for anything else.
int64_t mpg_regular_size(int fd);
/// Reads at an offset. Returns the number of bytes, 0 at the end of the file, or −errno. Tries again after EINTR.
int64_t mpg_read_at(int fd, void *buffer, size_t size, int64_t offset);

// MARK: clock

/// Whether the CPU's counter runs at one speed in all states on all cores.
bool mpg_clock_is_invariant(void);
/// Chooses what `mpg_ticks` reads: the CPU's counter, or CLOCK_MONOTONIC. To be called at boot, before there are threads.
void mpg_clock_use_counter(bool use);
extern bool mpg_clock_counts;
uint64_t mpg_clock_nanoseconds(void);

/// Now, by the region's clock: the CPU's counter where it is invariant, else CLOCK_MONOTONIC in nanoseconds.
static inline uint64_t mpg_ticks(void) {
#if defined(__x86_64__)
  if (mpg_clock_counts) return __rdtsc();
#elif defined(__aarch64__)
  if (mpg_clock_counts) {
    uint64_t t;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
    return t;
  }
#endif
  return mpg_clock_nanoseconds();
}

static inline void mpg_relax(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
