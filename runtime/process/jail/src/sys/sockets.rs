//! Operations on sockets with addresses as plain bytes.
#![expect(
    unsafe_code,
    reason = "addresses are given on as the bytes that were examined"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

fn outcome(answer: i64) -> Result<i64, i32> {
    if answer < 0 {
        Err(io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EIO))
    } else {
        Ok(answer)
    }
}

/// Connects `socket` to `address`.
pub(crate) fn connect(socket: BorrowedFd<'_>, address: &[u8]) -> Result<i64, i32> {
    // SAFETY: pointer and length are of one slice.
    outcome(i64::from(unsafe {
        libc::connect(
            socket.as_raw_fd(),
            address.as_ptr().cast(),
            address.len() as libc::socklen_t,
        )
    }))
}

/// Binds `socket` to `address`.
pub(crate) fn bind(socket: BorrowedFd<'_>, address: &[u8]) -> Result<i64, i32> {
    // SAFETY: pointer and length are of one slice.
    outcome(i64::from(unsafe {
        libc::bind(
            socket.as_raw_fd(),
            address.as_ptr().cast(),
            address.len() as libc::socklen_t,
        )
    }))
}

/// Sends `bytes` over `socket`, to `address` if there is one.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    flags: i32,
    address: Option<&[u8]>,
) -> Result<i64, i32> {
    let (pointer, length) =
        address.map_or((std::ptr::null(), 0), |bytes| (bytes.as_ptr(), bytes.len()));
    // SAFETY: each pointer and length are of one slice, or null and 0.
    outcome(unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            flags,
            pointer.cast(),
            length as libc::socklen_t,
        )
    } as i64)
}

/// An integer option of the socket itself.
pub(crate) fn option(socket: BorrowedFd<'_>, name: i32) -> Result<i32, i32> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: `value` and `length` outlive the call, and `length` is the size of `value`.
    outcome(i64::from(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    }))?;
    Ok(value)
}
