// Threads: who am I, and start another.
#include "CMPG.h"
#include "CFaults.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

// A thread begins inside: it schedules. `inside` and `note` are shared with the handler on the same thread only, so
// compiler barriers are all the ordering they need.
static _Thread_local void *current;
static _Thread_local volatile sig_atomic_t inside = 1, note;

#define BARRIER __asm__ volatile("" ::: "memory")

__attribute__((noinline)) void *mpg_current(void) {
  BARRIER;  // never merged with an earlier call
  return current;
}

__attribute__((noinline)) void mpg_set_current(void *m) { current = m; }

__attribute__((noinline)) void *mpg_enter(void) {
  inside = 1;
  BARRIER;
  return current;
}

__attribute__((noinline)) bool mpg_leave(void) {
  BARRIER;
  inside = 0;
  BARRIER;
  if (!note) return false;
  note = 0;
  return true;
}

static _Thread_local _Atomic uint32_t *stop_word;
static _Atomic uint32_t *stop_bell;

void mpg_stop_word(void *word) {
  stop_word = word;
  // A thread inherits its creator's mask. Where that blocks SIGURG, as libdispatch does, nothing could be preempted.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

// Runs at any instruction of any program, so it calls nothing but the kernel.
static void preempt(int signal) {
  (void)signal;
  _Atomic uint32_t *word = stop_word;
  if (!word) return;
  int saved = errno;
  bool still = !inside;
  if (still) inside = 1; else note = 1;
  atomic_store_explicit(word, still ? 1 : 2, memory_order_release);  // pairs with the acquire of who looks
  atomic_store_explicit(stop_bell, 1, memory_order_release);
  mpg_futex_wake(stop_bell, 1);
  if (still) {
    while (atomic_load_explicit(word, memory_order_acquire) == 1) mpg_futex_wait(word, 1, -1);
    BARRIER;
    inside = 0;
  }
  errno = saved;
}

int mpg_preempt_install(void *bell) {
  stop_bell = bell;
  struct sigaction action = {.sa_handler = preempt, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  return sigaction(SIGURG, &action, NULL) == 0 ? 0 : errno;
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
