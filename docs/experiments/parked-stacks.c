// An experiment: what it would take to keep a parked goroutine's stack in less than a page.
//
//     cc -O2 -pthread -o /tmp/parked-stacks docs/experiments/parked-stacks.c
//     /tmp/parked-stacks [STACKS [KIB-APART [LIVE-BYTES]]]        100000 256 600
//
// Makes so many stacks as the runtime does, each with one page in use, puts the live bytes of all of them away into small
// pieces of the heap, gives the pages back, and touches each stack again from a thread that knows nothing of it. Prints
// what each step costs, and what a stack takes of memory before and after.
//
// How nobody can read or write a stack that is away, or is about to be: the kernel says so (userfaultfd, for faults of
// the program's own code, which needs no rights).
//   1. The page is write-protected. Whoever writes to it from here on stands still in a fault.
//   2. Its live bytes are copied: they cannot change.
//   3. The page is given back. Whoever touches it from here on, to read too, stands still in a fault.
//   4. A fault is answered by filling the page, with the live bytes at its end, in one step. Then all of them go on.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { page_size = 4096 };

static int uffd;
static char *stacks;
static long count;
static size_t apart;
static size_t live = 600;
// What was put away, by stack; NULL: nothing.
static char **away;

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must(int result, const char *what) {
  if (result == 0) return;
  perror(what);
  exit(1);
}

// Bytes, as /proc tells.
static long status(const char *name) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  long found = 0;
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, strlen(name)) == 0) found = atol(line + strlen(name));
  if (file) fclose(file);
  return found * 1024;
}

// The only page in use of a stack, which grows down from its end.
static char *top(long stack) { return stacks + (size_t)(stack + 1) * apart - page_size; }

static void put_away(long stack) {
  char *page = top(stack);
  struct uffdio_writeprotect protect = {{(uintptr_t)page, page_size}, UFFDIO_WRITEPROTECT_MODE_WP};
  must(ioctl(uffd, UFFDIO_WRITEPROTECT, &protect), "UFFDIO_WRITEPROTECT");
  away[stack] = malloc(live);
  if (!away[stack]) must(1, "malloc");
  memcpy(away[stack], page + page_size - live, live);
  must(madvise(page, page_size, MADV_DONTNEED), "madvise");
}

static void *answer(void *unused) {
  static char whole[page_size];
  struct uffd_msg fault;
  while (read(uffd, &fault, sizeof fault) == sizeof fault) {
    long stack = (long)(((char *)fault.arg.pagefault.address - stacks) / (long)apart);
    memcpy(whole + page_size - live, away[stack], live);
    struct uffdio_copy fill = {.dst = (uintptr_t)top(stack), .src = (uintptr_t)whole, .len = page_size};
    must(ioctl(uffd, UFFDIO_COPY, &fill), "UFFDIO_COPY");
    free(away[stack]);
    away[stack] = NULL;
  }
  return unused;
}

static void tell_memory(const char *when, long resident, long tables) {
  printf("%-20s %6ld bytes of pages and heap, %ld of page tables a stack\n", when, (status("VmRSS:") - resident) / count,
         (status("VmPTE:") - tables) / count);
}

int main(int arguments, char **values) {
  count = arguments > 1 ? atol(values[1]) : 100000;
  apart = (size_t)(arguments > 2 ? atol(values[2]) : 256) * 1024;
  if (arguments > 3) live = (size_t)atol(values[3]);
  if (count < 1 || apart < 2 * page_size || live < 1 || live > page_size) must(1, "numbers that make no sense");
  size_t size = (size_t)count * apart;
  stacks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED) must(1, "mmap");
  madvise(stacks, size, MADV_NOHUGEPAGE);
  away = calloc((size_t)count, sizeof *away);

  uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (uffd < 0) must(1, "userfaultfd");
  struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP};
  must(ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API");
  pthread_t thread;
  must(pthread_create(&thread, NULL, answer, NULL), "pthread_create");

  long resident = status("VmRSS:"), tables = status("VmPTE:");
  for (long stack = 0; stack < count; stack++) memset(top(stack) + page_size - live, (int)(stack % 100) + 1, live);
  tell_memory("parked", resident, tables);

  struct uffdio_register watch = {{(uintptr_t)stacks, size}, UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP, 0};
  must(ioctl(uffd, UFFDIO_REGISTER, &watch), "UFFDIO_REGISTER");
  double wall = now(CLOCK_MONOTONIC);
  for (long stack = 0; stack < count; stack++) put_away(stack);
  printf("%-20s %6.0f ns a stack\n", "putting away", (now(CLOCK_MONOTONIC) - wall) / (double)count * 1e9);
  tell_memory("away", resident, tables);

  wall = now(CLOCK_MONOTONIC);
  double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  long wrong = 0;
  for (long stack = 0; stack < count; stack++)
    wrong += *(volatile char *)(top(stack) + page_size - live) != (char)(stack % 100 + 1);
  printf("%-20s %6.0f ns a stack, %.0f of CPU; %ld wrong\n", "touching",
         (now(CLOCK_MONOTONIC) - wall) / (double)count * 1e9, (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)count * 1e9,
         wrong);
  return wrong != 0;
}
