// Threads: who am I, and start another.
#include "CMPG.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local void *current;

__attribute__((noinline)) void *mpg_current(void) {
  __asm__ volatile("" ::: "memory");  // never merged with an earlier call
  return current;
}

__attribute__((noinline)) void mpg_set_current(void *m) { current = m; }

int mpg_thread_start(void *(*body)(void *), void *argument) {
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
