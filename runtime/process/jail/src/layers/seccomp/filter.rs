//! Builds filters out of the kernel's classic BPF instructions.

use crate::sys::seccomp::Instruction;

/// The newest system call that was examined: file_setattr. Newer ones do not exist for the program.
const NEWEST: u32 = 469;
/// Set in the numbers of x32 calls, which reach the kernel past filters that only know the others.
#[cfg(target_arch = "x86_64")]
pub(super) const X32: u32 = 0x4000_0000;
#[cfg(target_arch = "x86_64")]
pub(super) const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
pub(super) const ARCHITECTURE: u32 = 0xc000_00b7;

/// The call goes on.
pub(super) const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
/// The process is killed.
pub(super) const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
/// The call is handed to the broker.
pub(super) const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;

/// The call is answered with this error.
pub(super) const fn errno(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number as u32
}

// Instructions of the kernel's classic BPF: what they do, and on what.
pub(super) const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
pub(super) const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
pub(super) const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
pub(super) const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
pub(super) const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
pub(super) const JUMP_ABOVE: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
pub(super) const JUMP_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;

// Where struct seccomp_data has the number of the call, the architecture and the arguments, of 8 bytes each, the low
// half first on the little-endian machines this is built for.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// A filter under construction. Between rules the accumulator holds the number of the call.
pub(super) struct Filter(pub(super) Vec<Instruction>);

impl Filter {
    /// Starts with what kills: calls of another architecture.
    pub(super) fn new() -> Filter {
        let mut filter = Filter(Vec::with_capacity(256));
        filter.push(LOAD, 0, 0, ARCH);
        filter.unless_equal(ARCHITECTURE, KILL);
        filter.push(LOAD, 0, 0, NUMBER);
        #[cfg(target_arch = "x86_64")]
        {
            filter.push(JUMP_ANY_BIT, 0, 1, X32);
            filter.answer(KILL);
        }
        filter.push(JUMP_ABOVE, 0, 1, NEWEST);
        filter.answer(errno(libc::ENOSYS));
        filter
    }

    pub(super) fn push(&mut self, code: u16, on_true: u8, on_false: u8, value: u32) {
        self.0.push(Instruction {
            code,
            jt: on_true,
            jf: on_false,
            k: value,
        });
    }

    pub(super) fn answer(&mut self, action: u32) {
        self.push(RETURN, 0, 0, action);
    }

    pub(super) fn if_equal(&mut self, value: u32, action: u32) {
        self.push(JUMP_EQUAL, 0, 1, value);
        self.answer(action);
    }

    pub(super) fn unless_equal(&mut self, value: u32, action: u32) {
        self.push(JUMP_EQUAL, 1, 0, value);
        self.answer(action);
    }

    pub(super) fn if_any_bit(&mut self, bits: u32, action: u32) {
        self.push(JUMP_ANY_BIT, 0, 1, bits);
        self.answer(action);
    }

    pub(super) fn and(&mut self, bits: u32) {
        self.push(AND, 0, 0, bits);
    }

    /// Loads the low half of an argument. Flags, families, options and descriptors are `int` to the kernel, which
    /// ignores the other half.
    pub(super) fn load_argument(&mut self, index: u32) {
        self.push(LOAD, 0, 0, ARGUMENTS + 8 * index);
    }

    pub(super) fn load_argument_high(&mut self, index: u32) {
        self.push(LOAD, 0, 0, ARGUMENTS + 8 * index + 4);
    }

    pub(super) fn deny(&mut self, calls: &[libc::c_long], action: u32) {
        for &call in calls {
            self.if_equal(call as u32, action);
        }
    }

    /// Rules for one call. What none of them answers is allowed.
    pub(super) fn on(&mut self, call: libc::c_long, rules: impl FnOnce(&mut Filter)) {
        self.block(call as u32, |filter| {
            rules(filter);
            filter.answer(ALLOW);
        });
    }

    /// Instructions that are passed over unless the accumulator holds `value`. They have to end with an answer.
    pub(super) fn block(&mut self, value: u32, rules: impl FnOnce(&mut Filter)) {
        self.push(JUMP_EQUAL, 1, 0, value);
        let jump = self.0.len();
        self.push(JUMP, 0, 0, 0);
        rules(self);
        // An unconditional jump has 32 bits of room; a conditional one only 8.
        self.0[jump].k = (self.0.len() - jump - 1) as u32;
    }
}
