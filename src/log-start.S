/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The start of the log pump without a C library: _start, which takes argv and envp off the
 * stack, calls log_pump(argv, envp) and exits with its result, and log_syscall(number, a, b, c, d, e, f).
 */
#include <asm/unistd.h>

        .text
        .globl  _start
        .globl  log_syscall
        .type   _start, %function
        .type   log_syscall, %function

#if defined(__x86_64__)
_start:
        xorl    %ebp, %ebp
        movq    (%rsp), %rcx
        leaq    8(%rsp), %rdi
        leaq    8(%rdi,%rcx,8), %rsi
        andq    $-16, %rsp
        call    log_pump
        movl    %eax, %edi
        movl    $__NR_exit_group, %eax
        syscall
        hlt
log_syscall:
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsi
        movq    %rcx, %rdx
        movq    %r8, %r10
        movq    %r9, %r8
        movq    8(%rsp), %r9
        syscall
        ret
#elif defined(__aarch64__)
_start:
        mov     x29, #0
        mov     x30, #0
        ldr     x2, [sp]
        add     x0, sp, #8
        add     x1, x0, x2, lsl #3
        add     x1, x1, #8
        bl      log_pump
        mov     x8, #__NR_exit_group
        svc     #0
log_syscall:
        mov     x8, x0
        mov     x0, x1
        mov     x1, x2
        mov     x2, x3
        mov     x3, x4
        mov     x4, x5
        mov     x5, x6
        svc     #0
        ret
#elif defined(__riscv) && __riscv_xlen == 64
_start:
        .option push
        .option norelax
        lla     gp, __global_pointer$
        .option pop
        ld      t0, 0(sp)
        addi    a0, sp, 8
        slli    t0, t0, 3
        add     a1, a0, t0
        addi    a1, a1, 8
        andi    sp, sp, -16
        call    log_pump
        li      a7, __NR_exit_group
        ecall
log_syscall:
        mv      a7, a0
        mv      a0, a1
        mv      a1, a2
        mv      a2, a3
        mv      a3, a4
        mv      a4, a5
        mv      a5, a6
        ecall
        ret
#elif defined(__arm__) && defined(__ARM_EABI__)
_start:
        mov     fp, #0
        mov     lr, #0
        ldr     r2, [sp]
        add     r0, sp, #4
        add     r1, r0, r2, lsl #2
        add     r1, r1, #4
        bl      log_pump
        mov     r7, #__NR_exit_group
        svc     #0
log_syscall:
        push    {r4, r5, r6, r7}
        mov     r7, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, r3
        ldr     r3, [sp, #16]
        ldr     r4, [sp, #20]
        ldr     r5, [sp, #24]
        svc     #0
        pop     {r4, r5, r6, r7}
        bx      lr
#elif defined(__i386__)
_start:
        xorl    %ebp, %ebp
        movl    (%esp), %ecx
        leal    4(%esp), %eax
        leal    4(%eax,%ecx,4), %edx
        andl    $-16, %esp
        subl    $8, %esp
        pushl   %edx
        pushl   %eax
        call    log_pump
        movl    %eax, %ebx
        movl    $__NR_exit_group, %eax
        int     $0x80
        hlt
log_syscall:
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        movl    20(%esp), %eax
        movl    24(%esp), %ebx
        movl    28(%esp), %ecx
        movl    32(%esp), %edx
        movl    36(%esp), %esi
        movl    40(%esp), %edi
        movl    44(%esp), %ebp
        int     $0x80
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret
#else
#error "no start for this machine: configure should have chosen log-libc.c"
#endif

        .section .note.GNU-stack, "", %progbits
