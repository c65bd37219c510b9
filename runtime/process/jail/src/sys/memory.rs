//! Memory of another process.
#![expect(unsafe_code, reason = "process_vm_readv has no safe interface")]

use std::io;

/// Reads up to `buffer` bytes at `address` of process `tid`, and returns how many could be read.
pub(crate) fn read(tid: i32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: buffer.len(),
    };
    // SAFETY: the kernel writes at most `iov_len` bytes to `local`, which is `buffer`; the other address is only
    // looked up in the other process.
    let count =
        unsafe { libc::process_vm_readv(tid, &raw const local, 1, &raw const remote, 1, 0) };
    if count < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(count as usize)
    }
}
