/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * void gauntlet_abi_call(function, first, second, report): see gauntlet/abi_call.h.
 *
 * report: 20 words before, 20 words after, the modes before and after.
 */
#define AFTER 160
#define MODES_BEFORE 320
#define MODES_AFTER 328

#if defined(__x86_64__)
/* System V ABI for x86-64, 3.2: rbx, rbp, r12 to r15 and the control bits of MXCSR and of the x87 are the caller's; DF
 * is clear and the x87 stack empty at a return. Modes: MXCSR's control bits, the x87 control word above bit 16, DF at
 * bit 32, the x87's tags (0xFFFF: all empty) above bit 48. */
        .intel_syntax noprefix
        .text

        /* The caller's registers, to the report: from [rcx + at] on. */
        .macro  report_saved at
        where = \at
        .irp    saved, rbx, rbp, r12, r13, r14, r15
        mov     [rcx + where], \saved
        where = where + 8
        .endr
        .endm

        .globl  gauntlet_abi_call
        .hidden gauntlet_abi_call
        .type   gauntlet_abi_call, @function
        .p2align 4
gauntlet_abi_call:
        .cfi_startproc
        .irp    saved, rbx, rbp, r12, r13, r14, r15
        push    \saved
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset \saved, 0
        .endr
        sub     rsp, 72
        .cfi_adjust_cfa_offset 72
        mov     [rsp], rcx
        stmxcsr [rsp + 8]
        fnstcw  [rsp + 12]

        /* Patterns that no program holds by chance, a different one in each. */
        movabs  rax, 0x5ca1ab1e0ddba110
        lea     rbx, [rax + 1]
        lea     rbp, [rax + 2]
        lea     r12, [rax + 3]
        lea     r13, [rax + 4]
        lea     r14, [rax + 5]
        lea     r15, [rax + 6]
        report_saved 0
        mov     eax, [rsp + 8]
        and     eax, 0xffc0
        movzx   r8d, word ptr [rsp + 12]
        shl     r8, 16
        or      rax, r8
        movabs  r8, 0xffff000000000000
        or      rax, r8
        mov     [rcx + MODES_BEFORE], rax

        mov     rax, rdi
        mov     rdi, rsi
        mov     rsi, rdx
        call    rax

        mov     rcx, [rsp]
        report_saved AFTER
        pushfq
        .cfi_adjust_cfa_offset 8
        pop     rdx
        .cfi_adjust_cfa_offset -8
        cld
        shr     rdx, 10
        and     edx, 1
        shl     rdx, 32
        stmxcsr [rsp + 16]
        mov     eax, [rsp + 16]
        and     eax, 0xffc0
        or      rax, rdx
        fnstenv [rsp + 16]
        movzx   edx, word ptr [rsp + 16]
        shl     rdx, 16
        or      rax, rdx
        movzx   edx, word ptr [rsp + 24]
        shl     rdx, 48
        or      rax, rdx
        mov     [rcx + MODES_AFTER], rax

        fninit
        fldcw   [rsp + 12]
        ldmxcsr [rsp + 8]
        add     rsp, 72
        .cfi_adjust_cfa_offset -72
        .irp    saved, r15, r14, r13, r12, rbp, rbx
        pop     \saved
        .cfi_adjust_cfa_offset -8
        .cfi_restore \saved
        .endr
        ret
        .cfi_endproc
        .size   gauntlet_abi_call, . - gauntlet_abi_call

#elif defined(__aarch64__)
/* Procedure Call Standard for the Arm 64-bit Architecture, 6.1: x19 to x28, the frame pointer x29 and the low halves d8
 * to d15 are the caller's, and so are the control bits of FPCR. Modes: FPCR. */
        .text

        /* The caller's registers, to the frame (stp) and back (ldp). */
        .macro  frame move
        \move   x19, x20, [sp, 16]
        \move   x21, x22, [sp, 32]
        \move   x23, x24, [sp, 48]
        \move   x25, x26, [sp, 64]
        \move   x27, x28, [sp, 80]
        \move   d8, d9, [sp, 96]
        \move   d10, d11, [sp, 112]
        \move   d12, d13, [sp, 128]
        \move   d14, d15, [sp, 144]
        .endm

        /* The same and the frame pointer, to the report: from [x3 + at] on. */
        .macro  report_saved at
        .irp    saved, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
        str     x\saved, [x3, \at + 8 * (\saved - 19)]
        .endr
        .irp    saved, 8, 9, 10, 11, 12, 13, 14, 15
        str     d\saved, [x3, \at + 8 * (\saved + 2)]
        .endr
        str     x29, [x3, \at + 144]
        .endm

        .globl  gauntlet_abi_call
        .hidden gauntlet_abi_call
        .type   gauntlet_abi_call, %function
        .p2align 4
gauntlet_abi_call:
        .cfi_startproc
        hint    #34                     /* bti c */
        stp     x29, x30, [sp, -192]!
        .cfi_def_cfa_offset 192
        .cfi_offset 29, -192
        .cfi_offset 30, -184
        frame   stp
        mrs     x9, fpcr
        stp     x3, x9, [sp, 160]
        str     x9, [x3, MODES_BEFORE]

        /* Patterns that no program holds by chance, a different one in each. x29 keeps its frame. */
        movz    x10, 0xa110
        movk    x10, 0x0ddb, lsl 16
        movk    x10, 0xab1e, lsl 32
        movk    x10, 0x5ca1, lsl 48
        .irp    saved, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
        add     x\saved, x10, \saved
        .endr
        .irp    saved, 8, 9, 10, 11, 12, 13, 14, 15
        add     x11, x10, \saved
        fmov    d\saved, x11
        .endr
        report_saved 0
        mov     x9, x0
        mov     x0, x1
        mov     x1, x2
        blr     x9

        ldp     x3, x9, [sp, 160]
        report_saved AFTER
        mrs     x10, fpcr
        str     x10, [x3, MODES_AFTER]
        msr     fpcr, x9
        frame   ldp
        ldp     x29, x30, [sp], 192
        .cfi_restore 30
        .cfi_restore 29
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size   gauntlet_abi_call, . - gauntlet_abi_call
#endif
        .section .note.GNU-stack, "", %progbits
