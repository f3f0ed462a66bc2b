// Tests the context switch of aarch64, under an emulator. It switches many times in both directions, and compares after each
// switch, bit by bit, all registers that a fiber must find unchanged. `run.sh` builds it with the product's own context.c
// and switch_aarch64.S. At the first difference it prints a line and exits with 1.
//
// The emulator shows that the instructions are right. It shows nothing about memory ordering between threads, nor about time.
#include "CMPG.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Replacements for functions of Swift's runtime, which is not linked. They do nothing, since the fibers of this test open no
// exclusive accesses.
void swift_task_enterThreadLocalContext(char *state) { (void)state; }
void swift_task_exitThreadLocalContext(char *state) { (void)state; }

void mpg_switch(void **save, void *to);

// The registers that a call must keep by AAPCS64, and therefore the switch too: x19…x29, d8…d15, sp, and FPCR.
enum { general = 11, vector = 8, words = general + vector + 2 };
typedef struct { uint64_t at[words]; } bank;

// Loads the registers from `in`, switches, and stores the registers into `out` when it comes back. A bank holds x19…x29, then
// d8…d15, then FPCR, then the difference between sp before and after.
void through_switch(void **save, void *to, const bank *in, bank *out);
__asm__(
    ".text\n.p2align 4\n.globl through_switch\n.type through_switch, %function\nthrough_switch:\n"
    "  stp x29, x30, [sp, #-192]!\n"
    "  stp x19, x20, [sp, #16]\n  stp x21, x22, [sp, #32]\n  stp x23, x24, [sp, #48]\n"
    "  stp x25, x26, [sp, #64]\n  stp x27, x28, [sp, #80]\n  stp d8, d9, [sp, #96]\n"
    "  stp d10, d11, [sp, #112]\n  stp d12, d13, [sp, #128]\n  stp d14, d15, [sp, #144]\n"
    "  mrs x9, fpcr\n  stp x3, x9, [sp, #160]\n  mov x9, sp\n  str x9, [sp, #176]\n"
    "  ldp x19, x20, [x2]\n  ldp x21, x22, [x2, #16]\n  ldp x23, x24, [x2, #32]\n"
    "  ldp x25, x26, [x2, #48]\n  ldp x27, x28, [x2, #64]\n  ldr x29, [x2, #80]\n"
    "  ldp d8, d9, [x2, #88]\n  ldp d10, d11, [x2, #104]\n  ldp d12, d13, [x2, #120]\n"
    "  ldp d14, d15, [x2, #136]\n  ldr x9, [x2, #152]\n  msr fpcr, x9\n"
    "  bl mpg_switch\n"
    "  ldr x3, [sp, #160]\n"
    "  stp x19, x20, [x3]\n  stp x21, x22, [x3, #16]\n  stp x23, x24, [x3, #32]\n"
    "  stp x25, x26, [x3, #48]\n  stp x27, x28, [x3, #64]\n  str x29, [x3, #80]\n"
    "  stp d8, d9, [x3, #88]\n  stp d10, d11, [x3, #104]\n  stp d12, d13, [x3, #120]\n"
    "  stp d14, d15, [x3, #136]\n  mrs x9, fpcr\n  str x9, [x3, #152]\n"
    "  ldr x9, [sp, #176]\n  mov x10, sp\n  sub x9, x10, x9\n  str x9, [x3, #160]\n"
    "  ldr x9, [sp, #168]\n  msr fpcr, x9\n"
    "  ldp x19, x20, [sp, #16]\n  ldp x21, x22, [sp, #32]\n  ldp x23, x24, [sp, #48]\n"
    "  ldp x25, x26, [sp, #64]\n  ldp x27, x28, [sp, #80]\n  ldp d8, d9, [sp, #96]\n"
    "  ldp d10, d11, [sp, #112]\n  ldp d12, d13, [sp, #128]\n  ldp d14, d15, [sp, #144]\n"
    "  ldp x29, x30, [sp], #192\n  ret\n");

static uint64_t mixed(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

static void expect(bool holds, const char *who, const char *what, uint64_t found, uint64_t expected) {
  if (holds) return;
  printf("%s: %s is %llx and should be %llx\n", who, what, (unsigned long long)found, (unsigned long long)expected);
  exit(1);
}

static uint64_t fpcr(void) {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}

static void set_fpcr(uint64_t mode) { __asm__ volatile("msr fpcr, %0" ::"r"(mode)); }

static void one_round(const char *who, mpg_fiber *self, mpg_fiber *other, uint64_t *state) {
  bank in, out;
  for (int i = 0; i < general + vector; i++) in.at[i] = mixed(state);
  in.at[words - 2] = (mixed(state) & 7) << 22;  // the bits of FPCR for rounding and for flushing tiny numbers to zero
  in.at[words - 1] = 0;
  memset(&out, 0xff, sizeof out);
  through_switch(&self->sp, other->sp, &in, &out);
  for (int i = 0; i < words; i++) {
    if (in.at[i] == out.at[i]) continue;
    char name[16];
    if (i < general) snprintf(name, sizeof name, "x%d", 19 + i);
    else if (i < general + vector) snprintf(name, sizeof name, "d%d", 8 + i - general);
    else snprintf(name, sizeof name, "%s", i == words - 2 ? "FPCR" : "sp, off by,");
    expect(false, who, name, out.at[i], in.at[i]);
  }
}

static mpg_fiber host, guest;
static uint64_t mode_at_start;
static char stack[64 * 1024] __attribute__((aligned(4096)));

static void body(void *argument) {
  uint64_t sp, state = 0x123456789abcdef;
  __asm__ volatile("mov %0, sp" : "=r"(sp));
  expect(sp % 16 == 0, "the fiber", "sp mod 16", sp % 16, 0);
  expect(argument == stack, "the fiber", "its argument", (uintptr_t)argument, 0);
  expect(fpcr() == mode_at_start, "the fiber", "FPCR at its start", fpcr(), mode_at_start);
  set_fpcr(3ull << 22);
  mpg_fiber_leave(&guest, &host);
  expect(fpcr() == 3ull << 22, "the fiber", "FPCR when it came back", fpcr(), 3ull << 22);
  for (;;) one_round("the fiber", &guest, &host, &state);
}

int main(void) {
  uint64_t state = 0xfedcba987654321;
  mpg_fiber_adopt(&host);
  set_fpcr(mode_at_start = 1ull << 22);
  mpg_fiber_prepare(&guest, stack, sizeof stack, body, stack);
  set_fpcr(2ull << 22);
  mpg_fiber_enter(&host, &guest);
  expect(fpcr() == 2ull << 22, "the thread", "FPCR, after the fiber set its own,", fpcr(), 2ull << 22);
  set_fpcr(0);
  enum { rounds = 1000000 };
  for (int i = 0; i < rounds; i++) one_round("the thread", &host, &guest, &state);
  printf("%d round trips, %d words each way, all as they should be\n", rounds, words);
  return 0;
}
