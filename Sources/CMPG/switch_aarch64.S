// mpg_switch(void **save, void *to): leaves one stack and goes on with another. AAPCS64.
// It saves x19–x30, d8–d15 and FPCR, in 176 bytes. FPCR (rounding mode and traps) belongs to the G, like MXCSR on x86-64.
// Writing FPCR may stall the whole pipeline, so it is written only when the new value differs. For the lines with .cfi see
// switch_x86_64.S.
#if defined(__aarch64__)
  .text
  .globl mpg_switch
  .type mpg_switch, %function
  .p2align 4
mpg_switch:
  .cfi_startproc
  sub sp, sp, #176
  .cfi_def_cfa_offset 176
  stp x19, x20, [sp, #0]
  .cfi_rel_offset x19, 0
  .cfi_rel_offset x20, 8
  stp x21, x22, [sp, #16]
  .cfi_rel_offset x21, 16
  .cfi_rel_offset x22, 24
  stp x23, x24, [sp, #32]
  .cfi_rel_offset x23, 32
  .cfi_rel_offset x24, 40
  stp x25, x26, [sp, #48]
  .cfi_rel_offset x25, 48
  .cfi_rel_offset x26, 56
  stp x27, x28, [sp, #64]
  .cfi_rel_offset x27, 64
  .cfi_rel_offset x28, 72
  stp x29, x30, [sp, #80]
  .cfi_rel_offset x29, 80
  .cfi_rel_offset x30, 88
  stp d8, d9, [sp, #96]
  .cfi_rel_offset d8, 96
  .cfi_rel_offset d9, 104
  stp d10, d11, [sp, #112]
  .cfi_rel_offset d10, 112
  .cfi_rel_offset d11, 120
  stp d12, d13, [sp, #128]
  .cfi_rel_offset d12, 128
  .cfi_rel_offset d13, 136
  stp d14, d15, [sp, #144]
  .cfi_rel_offset d14, 144
  .cfi_rel_offset d15, 152
  mrs x10, fpcr
  str x10, [sp, #160]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldr x9, [sp, #160]
  cmp x9, x10
  b.eq 1f
  msr fpcr, x9
1:
  add sp, sp, #176
  .cfi_def_cfa_offset 0
  .cfi_restore x19
  .cfi_restore x20
  .cfi_restore x21
  .cfi_restore x22
  .cfi_restore x23
  .cfi_restore x24
  .cfi_restore x25
  .cfi_restore x26
  .cfi_restore x27
  .cfi_restore x28
  .cfi_restore x29
  .cfi_restore x30
  .cfi_restore d8
  .cfi_restore d9
  .cfi_restore d10
  .cfi_restore d11
  .cfi_restore d12
  .cfi_restore d13
  .cfi_restore d14
  .cfi_restore d15
  br x30
  .cfi_endproc
  .size mpg_switch, .-mpg_switch

// Where a new fiber begins, behind the nop (see switch_x86_64.S): its entry is in x19, the entry's argument in x20. There is no
// caller, so unwinding ends here.
  .globl mpg_fiber_start
  .type mpg_fiber_start, %function
mpg_fiber_start:
  .cfi_startproc
  .cfi_undefined x30
  nop
  mov x29, #0
  mov x30, #0
  mov x0, x20
  blr x19
  brk #1
  .cfi_endproc
  .size mpg_fiber_start, .-mpg_fiber_start
#endif
  .section .note.GNU-stack,"",%progbits
