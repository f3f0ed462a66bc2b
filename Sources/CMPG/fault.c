// Faults and traps: the first is reported, then each goes to the handler that was installed before ours.
#include "CMPG.h"
#include "internal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static void (*report_fault)(int32_t signal, void *address, void *sp, void *m);
static struct sigaction earlier[65];
static _Atomic int told;

static void *stack_pointer(const ucontext_t *context) {
#if defined(__x86_64__)
  return (void *)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
  return (void *)context->uc_mcontext.sp;
#endif
}

static void fault(int signal, siginfo_t *info, void *context) {
  int saved = errno;
  // A child of vfork shares `told` with its parent. A report in the child must not silence the parent's own fault.
  if (mpg_is_child() || !told++) report_fault(signal, info->si_addr, stack_pointer(context), mpg_current());
  errno = saved;
  // The faulting instruction runs again, and now the earlier handler, or the default, gets the signal. A signal that a
  // process sent has no such instruction, so it is raised again.
  sigaction(signal, &earlier[signal], NULL);
  if (info->si_code <= 0) raise(signal);
}

int mpg_fault_install(void (*report)(int32_t signal, void *address, void *sp, void *m)) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
  report_fault = report;
  struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
    if (sigaction(signals[i], &action, &earlier[signals[i]]) != 0) return errno;
  }
  return 0;
}

enum { size = 64 * 1024 };
static _Thread_local void *alternate;

void mpg_drop_alternate_stack(void) {
  if (!alternate) return;
  stack_t none = {.ss_flags = SS_DISABLE};
  if (sigaltstack(&none, NULL) == 0) munmap(alternate, size);
  alternate = NULL;
}

void mpg_alternate_stack(void) {
  stack_t present;
  if (sigaltstack(NULL, &present) == 0 && !(present.ss_flags & SS_DISABLE) && present.ss_size >= size) return;
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;  // a stack overflow on this thread then ends the process without a message
  stack_t stack = {.ss_sp = memory, .ss_size = size};
  sigaltstack(&stack, NULL);
  alternate = memory;
}

static _Atomic int quit_word_set;
static void (*quit_callback)(void);
static struct sigaction before_quit;

static void quit(int signal) {
  if (mpg_is_child()) return mpg_hand_back(signal, &before_quit);
  int saved = errno;
  if (quit_word_set) quit_callback();
  errno = saved;
}

int mpg_quit_install(void (*callback)(void)) {
  quit_callback = callback;
  quit_word_set = 1;
  struct sigaction action = {.sa_handler = quit, .sa_flags = SA_RESTART | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  return sigaction(SIGQUIT, &action, &before_quit) == 0 ? 0 : errno;
}
