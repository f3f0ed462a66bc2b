// Threads: who am I, and start another.
#include "CMPG.h"
#include "CFaults.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// A thread begins inside: it schedules. `inside`, `note` and `lent` are shared with the handler on the same thread only,
// so compiler barriers are all the ordering they need.
static _Thread_local void *current;
static _Thread_local volatile sig_atomic_t inside = 1, note, lent;
static _Thread_local _Atomic uint32_t *stop_word;
static _Atomic uint32_t *stop_bell;

#define BARRIER __asm__ volatile("" ::: "memory")

__attribute__((noinline)) void *mpg_current(void) {
  BARRIER;  // never merged with an earlier call
  return current;
}

__attribute__((noinline)) void mpg_set_current(void *m) { current = m; }

// A thread on loan has come to the border: it needs a P to go on. Waits until somebody grants it one.
static __attribute__((noinline)) void stand_at_border(void) {
  for (;;) {
    uint32_t seen = atomic_load_explicit(stop_word, memory_order_acquire);
    if (seen == MPG_LENT) {
      // Fails only if the grant came first, which must not be overwritten.
      atomic_compare_exchange_strong_explicit(stop_word, &seen, MPG_STILL, memory_order_acq_rel, memory_order_acquire);
    } else if (seen == MPG_STILL) {
      mpg_futex_wait(stop_word, MPG_STILL, -1);
    } else {
      break;  // granted, and perhaps asked to stop already
    }
  }
  lent = 0;
}

__attribute__((noinline)) void *mpg_enter(void) {
  inside = 1;
  BARRIER;
  if (__builtin_expect(lent, 0)) stand_at_border();
  return current;
}

__attribute__((noinline)) bool mpg_is_inside(void) { return inside; }

__attribute__((noinline)) bool mpg_leave(void) {
  BARRIER;
  inside = 0;
  BARRIER;
  if (note) {
    note = 0;
    return true;
  }
  // Asked, and the signal has not come yet: answered here it need not come, and no thread is kept. The handler may come
  // between; whoever changes the word first has answered.
  uint32_t asked = MPG_ASKED;
  return __builtin_expect(stop_word && atomic_load_explicit(stop_word, memory_order_relaxed) == MPG_ASKED, 0) &&
         atomic_compare_exchange_strong_explicit(stop_word, &asked, MPG_NOTED, memory_order_acq_rel, memory_order_relaxed);
}

void mpg_stop_word(void *word) {
  stop_word = word;
  // A thread inherits its creator's mask. Where that blocks SIGURG, as libdispatch does, nothing could be preempted.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

// Runs at any instruction of any program, so it calls nothing but the kernel. A SIGURG that nobody in here sent finds
// a word that asks for nothing, and is forgotten.
static void preempt(int signal) {
  (void)signal;
  _Atomic uint32_t *word = stop_word;
  if (!word) return;
  int saved = errno;
  uint32_t seen = atomic_load_explicit(word, memory_order_acquire);
  bool outside = !inside;
  uint32_t answer = outside ? MPG_STILL : MPG_NOTED;
  // Set before the answer is seen: whoever answers the note may let the thread go on at once.
  if (!outside && seen == MPG_ASKED) note = 1;
  bool asked = seen == MPG_ASKED || (outside && seen == MPG_LENT);
  // release: pairs with the acquire of who looks. Fails if a grant came between.
  if (asked && atomic_compare_exchange_strong_explicit(word, &seen, answer, memory_order_acq_rel, memory_order_acquire)) {
    atomic_store_explicit(stop_bell, 1, memory_order_release);
    mpg_futex_wake(stop_bell, 1);
    if (outside) {
      while ((seen = atomic_load_explicit(word, memory_order_acquire)) == MPG_STILL) mpg_futex_wait(word, MPG_STILL, -1);
      if (seen == MPG_LENT) lent = 1;
      BARRIER;
    }
  }
  errno = saved;
}

int mpg_preempt_install(void *bell) {
  stop_bell = bell;
  struct sigaction action = {.sa_handler = preempt, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  return sigaction(SIGURG, &action, NULL) == 0 ? 0 : errno;
}

int64_t mpg_thread_cpu(int32_t tid) {
  enum { per_thread = 4, scheduler_clock = 2 };
  struct timespec used;
  clockid_t clock = (clockid_t)((~(unsigned)tid << 3) | per_thread | scheduler_clock);
  if (clock_gettime(clock, &used) != 0) return -1;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

void mpg_preempt_thread(int32_t tid) { syscall(SYS_tgkill, getpid(), tid, SIGURG); }

int mpg_thread_start(void *(*body)(void *), void *argument) {
  int fault = cfault(CFAULT_PTHREAD_CREATE);
  if (fault) return fault;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, body, argument);
  pthread_attr_destroy(&attributes);
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

void mpg_doze(int64_t nanoseconds) {
  struct timespec time = {.tv_sec = 0, .tv_nsec = nanoseconds};
  nanosleep(&time, NULL);  // a signal ends it early, which is as well
}

void mpg_give_way(void) { sched_yield(); }
