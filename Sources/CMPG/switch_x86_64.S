// mpg_switch(void **save, void *to): leaves one stack and goes on with another. System V, x86-64.
//
// It saves the callee-saved registers and the floating-point control words, in 64 bytes below the return address. The last
// step is a jump, not a `ret`: the CPU predicts that a `ret` goes back to its caller, and would be wrong at each switch (8.6
// ns against 2.9).
#if defined(__x86_64__)
  .text
  .globl mpg_switch
  .type mpg_switch, @function
  .p2align 4
mpg_switch:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmp *%rcx
  .cfi_endproc
  .size mpg_switch, .-mpg_switch

// First instruction of a new fiber: its entry is in r12, the entry's argument in r13. There is no caller, so unwinding ends
// here.
  .globl mpg_fiber_start
  .type mpg_fiber_start, @function
mpg_fiber_start:
  .cfi_startproc
  .cfi_undefined rip
  xorl %ebp, %ebp
  movq %r13, %rdi
  callq *%r12
  ud2
  .cfi_endproc
  .size mpg_fiber_start, .-mpg_fiber_start
#endif
  .section .note.GNU-stack,"",@progbits
