// Threads: which M the calling thread is, its border between runtime and user code, preemption by signal, and starting and
// ending threads.
#include "CMPG.h"
#include "CFaults.h"
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// `inside` is 1 while the thread is inside the runtime, where every thread begins. `note` is 1 when the thread's G must give
// way as soon as it leaves the runtime. Only the thread and its own signal handler touch `note`, so compiler barriers are
// enough to order it. Sysmon reads `inside` as well: see Drift.swift §3.
static _Thread_local void *current;
static _Thread_local _Atomic int inside = 1;
static _Thread_local volatile sig_atomic_t note;
static _Thread_local _Atomic uint32_t *stop_word;
static _Atomic uint32_t *stop_bell;

#define BARRIER __asm__ volatile("" ::: "memory")

static void set_inside(int value) { atomic_store_explicit(&inside, value, memory_order_relaxed); }
static bool is_inside(void) { return atomic_load_explicit(&inside, memory_order_relaxed); }
static uint32_t load(_Atomic uint32_t *word) { return atomic_load_explicit(word, memory_order_acquire); }
static bool change(_Atomic uint32_t *word, uint32_t old, uint32_t new) {
  return atomic_compare_exchange_strong_explicit(word, &old, new, memory_order_acq_rel, memory_order_acquire);
}

__attribute__((noinline)) void *mpg_current(void) {
  BARRIER;  // keeps the compiler from reusing the result of an earlier call, perhaps made on another thread
  return current;
}

__attribute__((noinline)) void mpg_set_current(void *m) { current = m; }

static void ring_bell(void) {
  atomic_store_explicit(stop_bell, 1, memory_order_release);
  mpg_futex_wake(stop_bell, 1);
}

// Called when a thread without a P enters the runtime, where it needs one: waits until it is granted a P.
static __attribute__((noinline)) void come_to_border(void) {
  enum { instant = 50000 };
  for (;;) {
    uint32_t seen = load(stop_word);
    switch (seen) {
      case MPG_LENT:
        // By compare-and-swap: a plain store could overwrite a grant, and the thread would wait for ever. The change
        // fails only when the thread was granted a P first.
        change(stop_word, MPG_LENT, MPG_STILL);
        break;
      case MPG_ADRIFT:  // the thread's G is on no queue yet: sysmon, when the bell rings, puts it on one
        if (change(stop_word, MPG_ADRIFT, MPG_STILL)) ring_bell();
        break;
      case MPG_STILL:
        mpg_futex_wait(stop_word, MPG_STILL, -1);
        break;
      case MPG_TAKING:  // sysmon is writing into this M's record; that takes a moment
        mpg_futex_wait(stop_word, MPG_TAKING, instant);
        break;
      default:
        return;  // the thread has a P, though it may be asked already to stop again
    }
  }
}

__attribute__((noinline)) void *mpg_enter(void) {
  set_inside(1);
  BARRIER;  // for the compiler only; sysmon forces a full barrier in this thread when it needs one: Drift.swift §3
  char *m = current;
  if (__builtin_expect(m != NULL, 1)) {
    uint32_t seen = atomic_load_explicit((_Atomic uint32_t *)(m + MPG_STOP_OFFSET), memory_order_relaxed);
    if (__builtin_expect(seen >= MPG_STILL, 0)) come_to_border();
  }
  return m;
}

__attribute__((noinline)) bool mpg_is_inside(void) { return is_inside(); }

bool mpg_is_inside_there(const void *where) {
  return atomic_load_explicit((const _Atomic int *)where, memory_order_relaxed);
}

__attribute__((noinline)) bool mpg_leave(void) {
  BARRIER;
  set_inside(0);
  BARRIER;
  if (note) {
    note = 0;
    return true;
  }
  // Sysmon has asked this thread to stop, but has not sent the signal yet. If the G gives way here, no signal is
  // needed, and the thread need not stand still in the handler.
  return __builtin_expect(stop_word && atomic_load_explicit(stop_word, memory_order_relaxed) == MPG_ASKED, 0) &&
         change(stop_word, MPG_ASKED, MPG_NOTED);
}

__attribute__((noinline)) void mpg_note(void) { note = 1; }

__attribute__((noinline)) void mpg_leave_with_note(void) {
  BARRIER;
  set_inside(0);
  BARRIER;
  note = 1;
}

void mpg_answer_before_call(void) {
  enum { instant = 100000 };
  for (;;) {
    uint32_t seen = load(stop_word);
    if (seen == MPG_ASKED) {
      note = 1;
      if (change(stop_word, MPG_ASKED, MPG_NOTED)) return;
    } else if (seen == MPG_SIGNALLED || seen == MPG_INSISTED) {
      // sleeps until the handler has run, or sysmon has withdrawn the request
      mpg_futex_wait(stop_word, seen, instant);
    } else {
      return;
    }
  }
}

void mpg_forget_thread(void) {
  current = NULL;
  stop_word = NULL;
  note = 0;
}

const void *mpg_stop_word(void *word) {
  stop_word = word;
  // A thread inherits its creator's signal mask. libdispatch's threads block SIGURG; with their mask, this thread could not be
  // preempted.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
  return &inside;
}

// MARK: libraries with locks

// Address ranges of the code of libraries whose locks every thread needs: those of malloc, of stdio and of Swift's runtime.
// Filled at boot.
enum { most_ranges = 32 };
static struct { uintptr_t low, high; } ranges[most_ranges];
static int range_count;

static bool has_locks(const char *path) {
  static const char *const names[] = {"libc.so", "libc-", "ld-linux", "ld-2", "ld-musl", "libpthread",
                                      "libstdc++", "libswiftCore", "libswift_Concurrency"};
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strncmp(name, names[i], strlen(names[i])) == 0) return true;
  }
  return false;
}

static void note_range(uintptr_t low, uintptr_t high) {
  if (range_count == most_ranges) return;
  ranges[range_count].low = low;
  ranges[range_count++].high = high;
}

// In a program that links Swift's libraries statically, their code lies in one file with the program's own code. A linker
// keeps the parts of a library together, so that code lies between these symbols. The first is near the beginning of
// libswiftCore, the second near its end, and the third near the end of libswift_Concurrency, which follows libswiftCore.
// scripts/swift_marks.sh checks this in our release builds.
#define MARK(name, symbol) extern const char name[] __asm__(symbol) __attribute__((weak))
MARK(early_core, "_swift_arrayDownCastIndirect");
MARK(late_core, "_swift_stdlib_getGraphemeBreakProperty");
MARK(late_concurrency, "swift_task_localValuePush");

static void note_swift_within(uintptr_t low, uintptr_t high) {
  const uintptr_t marks[] = {(uintptr_t)early_core, (uintptr_t)late_core, (uintptr_t)late_concurrency};
  uintptr_t first = high, last = low;
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    // A symbol outside of this range is in a shared library, or does not exist.
    if (marks[i] < low || marks[i] >= high) continue;
    if (marks[i] < first) first = marks[i];
    if (marks[i] > last) last = marks[i];
  }
  if (first < last) note_range(first, last);
}

static int note_library(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    uintptr_t low = info->dlpi_addr + part->p_vaddr, high = low + part->p_memsz, ours = (uintptr_t)note_library;
    if (has_locks(info->dlpi_name)) {
      note_range(low, high);
    } else if (ours >= low && ours < high) {
      note_swift_within(low, high);
    }
  }
  return 0;
}

static bool may_hold_lock(const ucontext_t *context) {
#if defined(__x86_64__)
  uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  uintptr_t pc = (uintptr_t)context->uc_mcontext.pc;
#endif
  for (int i = 0; i < range_count; i++) {
    if (pc >= ranges[i].low && pc < ranges[i].high) return true;
  }
  return false;
}

// MARK: the handler

// The handler of SIGURG. It may interrupt any instruction, so it calls nothing but the kernel. A SIGURG that did not
// come from sysmon finds no request in the stop word, and has no effect.
static void preempt(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  _Atomic uint32_t *word = stop_word;
  if (!word || mpg_has_forked()) return;
  int saved = errno;
  uint32_t seen = load(word);
  bool outside = !is_inside();
  bool isRequest = seen == MPG_ASKED || seen == MPG_SIGNALLED || seen == MPG_INSISTED;
  bool isPatient = seen != MPG_INSISTED && seen != MPG_LENT;
  bool isBusy = outside && isPatient && may_hold_lock(context);
  bool goesOn = !outside || isBusy;
  uint32_t answer = !outside ? MPG_NOTED : isBusy ? MPG_BUSY : MPG_STILL;
  // Set the note before the stop word gets its answer. Sysmon ends the request as soon as it sees the answer, and from
  // then on only the note tells the thread to give way.
  if (isRequest && goesOn) note = 1;
  bool isMeant = isRequest || (!goesOn && (seen == MPG_LENT || seen == MPG_ADRIFT));
  // The release in `change` pairs with the acquire of the thread that reads the word. The change fails if the thread
  // was granted a P first.
  if (isMeant && change(word, seen, answer)) {
    ring_bell();
    while (!goesOn && load(word) == MPG_STILL) mpg_futex_wait(word, MPG_STILL, -1);
    BARRIER;
  }
  errno = saved;
}

int mpg_preempt_install(void *bell) {
  stop_bell = bell;
  dl_iterate_phdr(note_library, NULL);
#if defined(SYS_membarrier)
  enum { register_expedited = 16 };
  syscall(SYS_membarrier, register_expedited, 0, 0);  // without this registration `mpg_all_threads_barrier` fails
#endif
  struct sigaction action = {.sa_sigaction = preempt, .sa_flags = SA_RESTART | SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  return sigaction(SIGURG, &action, NULL) == 0 ? 0 : errno;
}

bool mpg_all_threads_barrier(void) {
#if defined(SYS_membarrier)
  enum { private_expedited = 8 };
  return syscall(SYS_membarrier, private_expedited, 0, 0) == 0;
#else
  return false;
#endif
}

// MARK: what a thread does

int64_t mpg_thread_cpu(int32_t tid) {
  enum { per_thread = 4, scheduler_clock = 2 };
  struct timespec used;
  clockid_t clock = (clockid_t)((~(unsigned)tid << 3) | per_thread | scheduler_clock);
  if (clock_gettime(clock, &used) != 0) return -1;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

// /proc/self/task/TID/syscall says "running", or the number of the system call in which the thread sleeps, or −1 when it
// sleeps outside of a call, for a page. Such a sleep is over soon: giving the P to others would only start threads. So −1
// counts as awake.
int mpg_thread_sleeps_in(int32_t tid) {
  char path[48] = "/proc/self/task/", text[32];
  size_t length = strlen(path);
  char digits[12];
  int n = 0;
  do digits[n++] = (char)('0' + tid % 10); while ((tid /= 10) > 0);
  while (n > 0) path[length++] = digits[--n];
  memcpy(path + length, "/syscall", sizeof "/syscall");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return MPG_SLEEP_UNKNOWN;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return MPG_SLEEP_UNKNOWN;
  text[size] = 0;
  if (text[0] < '0' || text[0] > '9') return MPG_AWAKE;
  enum { most = 65535 };
  int number = 0;
  for (const char *c = text; *c >= '0' && *c <= '9' && number < most; c++) number = number * 10 + *c - '0';
  return number;
}

bool mpg_is_futex(int number) { return number == SYS_futex; }

void mpg_preempt_thread(int32_t tid) { syscall(SYS_tgkill, getpid(), tid, SIGURG); }

// The function that a new thread is to run, and its argument. The records do not come from malloc: the new
// thread would free its record into a cache of its own. Then a piece of its creator's arena would stay in
// use, and the memory before it could not be given back to the system.
struct beginning {
  void *(*body)(void *);
  void *argument;
  _Atomic int taken;
};
static struct beginning beginnings[64];

static struct beginning *take_beginning(void) {
  for (;;) {
    for (unsigned i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
      if (!atomic_exchange_explicit(&beginnings[i].taken, 1, memory_order_acquire)) return &beginnings[i];
    }
    sched_yield();  // all records are in use by threads that are about to begin
  }
}

static void give_back(struct beginning *beginning) { atomic_store_explicit(&beginning->taken, 0, memory_order_release); }

static _Thread_local jmp_buf *way_out;

static void *begin(void *raw) {
  struct beginning *beginning = raw;
  void *(*body)(void *) = beginning->body;
  void *argument = beginning->argument;
  give_back(beginning);
  jmp_buf here;
  if (setjmp(here) == 0) {
    way_out = &here;
    body(argument);
  }
  mpg_drop_alternate_stack();
  return NULL;
}

// Not pthread_exit: that unwinds the stack, by a library that it loads at the first call.
_Noreturn void mpg_thread_end(void) { longjmp(*way_out, 1); }

int mpg_thread_start(void *(*body)(void *), void *argument) {
  int fault = cfault(CFAULT_PTHREAD_CREATE);
  if (fault) return fault;
  struct beginning *beginning = take_beginning();
  beginning->body = body;
  beginning->argument = argument;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, begin, beginning);
  pthread_attr_destroy(&attributes);
  if (error) give_back(beginning);
  return error;
}

int32_t mpg_tid(void) { return (int32_t)syscall(SYS_gettid); }

void mpg_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

void mpg_block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
}

void mpg_thread_punctual(void) {
#if defined(__linux__)
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
#endif
}

void mpg_thread_prompt(void) {
#if defined(__linux__) && defined(SYS_sched_setattr)
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } wish = {.size = 48, .runtime = 100000};
  errno = 0;
  int nice = getpriority(PRIO_PROCESS, 0);
  if (errno == 0) wish.nice = nice;
  syscall(SYS_sched_setattr, 0, &wish, 0);  // before Linux 6.12 the call changes nothing
#endif
}

void mpg_doze(int64_t nanoseconds) {
  struct timespec time = {.tv_sec = 0, .tv_nsec = nanoseconds};
  nanosleep(&time, NULL);  // a signal may end the sleep early, which does no harm
}

void mpg_give_way(void) { sched_yield(); }
