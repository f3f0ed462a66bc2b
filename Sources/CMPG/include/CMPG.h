// What Swift cannot say: switching stacks, thread-locals that survive a migration, futexes, the CPU's counter.
// Nothing here decides anything; the decisions are in Sources/Runtime.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

// MARK: context (context.c, switch_*.S)

/// Has memory that is about to be read brought near. Any address is allowed.
static inline void mpg_prefetch(const void *address) { __builtin_prefetch(address); }

/// A flow of control that can be left and resumed: a G, or a thread's scheduling stack.
typedef struct mpg_fiber {
  void *sp;            ///< Saved stack pointer while it does not run; callee-saved registers lie on top of its stack.
  void *access[2];     ///< Swift's set of open exclusive accesses while it does not run; see Context.swift.
  void *sanitizer;     ///< What a sanitizer must know of it; otherwise unused.
} mpg_fiber;

/// Makes `fiber` start with `entry(argument)` on the stack [low, low + size) when it is first entered. `entry` never returns.
void mpg_fiber_prepare(mpg_fiber *fiber, void *low, size_t size, void (*entry)(void *), void *argument);
/// Registers the calling thread's own stack as a fiber.
void mpg_fiber_adopt(mpg_fiber *fiber);
/// Called when a prepared fiber will not run again, from another stack.
void mpg_fiber_retire(mpg_fiber *fiber);
/// From the scheduling stack: runs `g` until it leaves. Hands Swift's exclusivity set over in both directions.
void mpg_fiber_enter(mpg_fiber *scheduler, mpg_fiber *g);
/// From `g`: goes back to the scheduling stack. Returns when `g` is entered again, perhaps on another thread.
void mpg_fiber_leave(mpg_fiber *g, mpg_fiber *scheduler);
/// The same, for the last time.
_Noreturn void mpg_fiber_exit(mpg_fiber *g, mpg_fiber *scheduler);

// MARK: thread-local (thread.c)

/// The M of the calling thread, or NULL. Out of line on purpose: a compiler that saw the thread's address inside a
/// function could reuse it after the G has moved to another thread.
void *mpg_current(void);
void mpg_set_current(void *m);

/// What a thread's stop word says; who changes it from what to what, see Preempt.swift §3. From MPG_STILL on the thread
/// has no P: `mpg_enter` compares.
enum {
  MPG_RUNS = 0,       ///< It runs, and nothing is asked of it.
  MPG_ASKED = 1,      ///< It shall stop; no signal was sent.
  MPG_SIGNALLED = 2,  ///< A signal is on its way, or is about to be sent.
  MPG_INSISTED = 3,   ///< The same, and it is to stop whatever library it is in.
  MPG_NOTED = 4,      ///< It will stop at the border: the handler found it inside the runtime, or it answered by itself.
  MPG_BUSY = 5,       ///< The handler found it in a library that may hold a lock, and let it go on.
  MPG_STILL = 6,      ///< It stands still outside the runtime: in the handler of SIGURG, or at the border.
  MPG_LENT = 7,       ///< It runs on without a P, in user code only.
  MPG_TAKING = 8,     ///< Sysmon is about to take its P from it: it sleeps in the kernel.
  MPG_ADRIFT = 9,     ///< Its P was taken while it slept; it may run in user code until it is noticed.
};

/// Where the stop word lies in the record of an M, whose address is what `mpg_set_current` is told.
enum { MPG_STOP_OFFSET = 448 };

/// Marks the calling thread as inside the runtime, where a preemption signal only leaves a note; its M, or NULL. A
/// thread on loan or adrift waits here until it is granted a P.
void *mpg_enter(void);
/// Marks it as outside: on a G, in user code. Whether a note was left meanwhile, which this takes up.
bool mpg_leave(void);
/// Whether this thread is inside the runtime: on a scheduling stack, inside blocking { … }, or in a call of a G.
bool mpg_is_inside(void);
/// About to go into a system call, inside the runtime, with its P on offer: answers a request to stop, and waits for a
/// signal that was sent, so that the call is not cut short by it.
void mpg_answer_before_call(void);
/// Whether a stop word asks for anything; read after all that stands before.
static inline bool mpg_is_asked(const void *word) {
  __asm__ volatile("" ::: "memory");
  return *(const volatile uint32_t *)word != MPG_RUNS;
}
/// Names the calling thread's stop word. What `mpg_is_inside_there` reads: valid as long as this thread lives.
const void *mpg_stop_word(void *word);
/// What `mpg_is_inside` would say on another thread, by what `mpg_stop_word` returned there.
bool mpg_is_inside_there(const void *where);
/// Installs the handler of SIGURG, which does nothing in a child of fork. When it has answered it wakes whoever sleeps on `bell` (a futex word that it sets to
/// 1). A thread that stands still goes on when its word changes. 0, or an errno.
int mpg_preempt_install(void *bell);
/// Sends SIGURG to a thread of this process.
void mpg_preempt_thread(int32_t tid);
/// CPU time that a thread of this process has used, in nanoseconds; −1: there is no such thread.
int64_t mpg_thread_cpu(int32_t tid);
/// What `mpg_thread_sleeps_in` says besides the number of a system call.
enum { MPG_AWAKE = -1, MPG_SLEEP_UNKNOWN = -2 };
/// In which system call a thread of this process sleeps; MPG_AWAKE: it runs, or waits for a CPU, or for a page. Allocates
/// nothing.
int mpg_thread_sleeps_in(int32_t tid);
/// Whether it is the call in which threads wait for a lock.
bool mpg_is_futex(int number);
/// Makes every thread of this process pass a full memory barrier; false: the kernel cannot.
bool mpg_all_threads_barrier(void);

/// Starts a detached thread, which ends when `body` returns, or by `mpg_thread_end`. 0, or an errno.
int mpg_thread_start(void *(*body)(void *), void *argument);
/// Ends the calling thread, which `mpg_thread_start` has started and which runs on its own stack; whatever its functions
/// are about to do on their way back is not done.
_Noreturn void mpg_thread_end(void);
/// Tells the calling thread that it is no M any more: nobody will ask it to stop, nor grant it a P.
void mpg_forget_thread(void);
int32_t mpg_tid(void);
void mpg_thread_name(const char *name);
/// Has the calling thread never run a handler, nor end the process by a signal that its own calls cause.
void mpg_block_signals(void);
/// Has the calling thread's waits end on time: by default the kernel may be 50 µs late, to end several at once.
void mpg_thread_punctual(void);
/// Asks the kernel to let the calling thread run soon after it was woken, and for a moment only: a slice of 0.1 ms.
void mpg_thread_prompt(void);
/// Sleeps for so many nanoseconds, or up to 50 µs longer.
void mpg_doze(int64_t nanoseconds);
/// Lets another thread have this CPU, if one wants it.
void mpg_give_way(void);

// MARK: system (system.c)

/// Sleeps while *word == expected; `nanoseconds` < 0: without limit. 0, or the errno (EAGAIN, EINTR, ETIMEDOUT).
int mpg_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds);
/// Wakes up to `count` sleepers of this process.
void mpg_futex_wake(const void *word, int count);
/// Bytes of a page: 4 KiB here, 16 or 64 KiB elsewhere.
size_t mpg_page_size(void);
/// Makes [address, address + size), whole pages, fault on touch, without splitting the mapping where the kernel can. 0, or an errno.
int mpg_guard(void *address, size_t size);
/// A ready descriptor: the tag it was registered with, and what for; and whether it is to be watched anew (io_uring).
typedef struct mpg_ready { uint64_t tag; bool readable, writable, ended; } mpg_ready;
/// An epoll instance; a descriptor, or −errno. So for the others below: 0 or a descriptor, or −errno.
int mpg_epoll_create(void);
/// Watches `fd` for both directions, edge-triggered, or (`level`) for reading, level-triggered.
int mpg_epoll_add(int epfd, int fd, uint64_t tag, bool level);
int mpg_epoll_remove(int epfd, int fd);
/// Waits up to `nanoseconds` (0: not at all, < 0: for ever; at least 1 µs apart where the kernel is old: 1 ms).
/// An error or a hang-up makes a descriptor ready for both. The number of descriptors, or −errno.
int mpg_epoll_wait(int epfd, mpg_ready *ready, int capacity, int64_t nanoseconds);
int mpg_eventfd(void);
/// Adds one to an eventfd's counter.
void mpg_eventfd_add(int fd);
/// Both ends non-blocking and closed on exec: ends[0] to read, ends[1] to write.
int mpg_pipe(int ends[2]);
/// Writes to stderr, and waits for room there for so many nanoseconds at most; whether all was written. Async-signal-safe.
bool mpg_tell(const void *bytes, size_t count, int64_t nanoseconds);
/// Allocates part of a file, so that touching it cannot fail.
int mpg_allocate(int fd, int64_t offset, int64_t bytes);
/// Gives part of a file back to its file system; it reads as zeros. 0, or −errno.
int mpg_punch(int fd, int64_t offset, int64_t bytes);
/// Whether `path` lies on a tmpfs.
bool mpg_is_tmpfs(const char *path);
/// Has malloc give back to the system what it keeps of freed memory, also in the arenas of threads that called
/// `mpg_mark_arena` and sleep. By one thread at a time; it takes malloc's locks.
void mpg_trim(void);
/// The calling thread's arena is to be trimmed too, for as long as the process lives.
void mpg_mark_arena(void);
/// Address space without a file behind it, memory on touch, never in huge pages. NULL, and the errno in `error`.
void *mpg_reserve(size_t size, int *error);
/// Puts such memory, empty, in the place of what is mapped at [address, address + size). 0, or an errno.
int mpg_replace(void *address, size_t size);
/// CPUs that this process may run on; at least 1.
int mpg_cpus(void);
/// From now on every `signal` writes its number, one byte, to `fd`, which does not block; and is not
/// blocked in the calling thread. In a child of fork it takes the way that it had before. 0, or an errno.
int mpg_catch_signal(int32_t signal, int fd);

// MARK: io_uring (uring.c)

/// The two rings that are shared with the kernel. Who may push, enter and take, see Uring.swift.
typedef struct mpg_uring {
  int fd;
  uint32_t sq_entries, cq_entries;
  uint32_t *sq_head, *sq_tail, *sq_flags, *cq_head, *cq_tail;
  void *entries, *completions;
} mpg_uring;
/// The tag of answers that nobody waits for.
#define MPG_URING_ANSWER 1ull
/// Whether `fd` is of a kind that can be waited for: 0, or −errno; EPERM for regular files, as epoll says.
int mpg_can_poll(int fd);
/// Makes a ring with room for so many. 0, or −errno; ENOSYS when the kernel's is too old.
int mpg_uring_open(mpg_uring *ring, uint32_t submissions, uint32_t completions);
/// Entries that were pushed and not yet submitted.
uint32_t mpg_uring_pending(const mpg_uring *ring);
bool mpg_uring_has_room(const mpg_uring *ring);
/// Pushes an order to report each change of `fd` from now on, and at once if it is ready. There must be room.
void mpg_uring_push_watch(mpg_uring *ring, int fd, uint64_t tag, bool only_read);
/// Pushes an order to end that. There must be room.
void mpg_uring_push_unwatch(mpg_uring *ring, uint64_t tag);
/// Submits what was pushed, if told so; then waits for a completion, up to `nanoseconds` (0: not at all, < 0: for ever).
/// −errno when it failed or timed out (ETIME).
int mpg_uring_enter(mpg_uring *ring, bool submit, int64_t nanoseconds);
/// Whether the kernel holds completions back because the ring was full: entering fetches them.
bool mpg_uring_overflowed(const mpg_uring *ring);
/// Takes up to `capacity` completions.
int mpg_uring_take(mpg_uring *ring, mpg_ready *ready, int capacity);

// MARK: faults (fault.c)

/// Has `report` called once, at the first fault or trap of any thread, in its signal handler, on the alternate stack,
/// with the stack pointer that the thread had, and its M or NULL. Then the signal takes the way that it had before. In a
/// child of fork `report` is called as well. 0, or an errno.
int mpg_fault_install(void (*report)(int32_t signal, void *address, void *sp, void *m));
/// Gives the calling thread a stack for signal handlers: the one it runs on may be what overflowed.
void mpg_alternate_stack(void);
/// Has `callback` called, in the signal handler, at every SIGQUIT. In a child of fork that takes the way that it had
/// before. 0, or an errno.
int mpg_quit_install(void (*callback)(void));

// MARK: fork (fork.c)

/// Leaves the region out of children of fork. In each child that a handler can reach (all but those of `_Fork` and of a
/// bare `clone`), on its only thread, that is no M any more: closes `fd`, if it is one, and calls `forget`. Once, at boot. 0,
/// or an errno.
int mpg_fork_install(void *region, size_t size, int fd, void (*forget)(void));
/// Whether this process is a child of the one that booted, with a copy of its memory. Costs a load.
bool mpg_has_forked(void);
/// Whether it is a child, with a copy or (vfork) in the same memory. Costs a system call. Async-signal-safe.
bool mpg_is_child(void);
/// Whether the address lies in the region, which a child does not have.
bool mpg_in_region(const void *address);

// MARK: files (files.c)

/// Opens a file to read; a descriptor, or −errno. So for all of these.
int mpg_open_file(const char *path);
/// Opens a folder, as a place to open files beneath.
int mpg_open_folder(const char *path);
/// Opens `path` beneath `folder` to read. Whatever the path and the links on it say, nothing outside is opened: EXDEV.
int mpg_open_beneath(int folder, const char *path);
/// The same by our own feet, for kernels without openat2: a component at a time, following no link at all (ELOOP, or
/// ENOTDIR for a link to a folder).
int mpg_open_walking(int folder, const char *path);
/// The size of a regular file; −EISDIR for anything else.
int64_t mpg_regular_size(int fd);
/// Reads at an offset: bytes, 0 at the end of the file. EINTR is tried again.
int64_t mpg_read_at(int fd, void *buffer, size_t size, int64_t offset);

// MARK: clock

/// Whether the CPU's counter runs at one speed in all states on all cores.
bool mpg_clock_is_invariant(void);
/// Decides what `mpg_ticks` reads. At boot, before there are threads.
void mpg_clock_use_counter(bool use);
extern bool mpg_clock_counts;
uint64_t mpg_clock_nanoseconds(void);

/// The region's clock: the CPU's counter where it is invariant, else CLOCK_MONOTONIC in nanoseconds.
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
