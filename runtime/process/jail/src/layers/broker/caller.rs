//! What a caller's memory says: addresses, messages and what is to be sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Kind;
use crate::sys::memory;

/// Longest address of any family.
const ADDRESS_BYTES_MAX: u64 = 128;
/// Most bytes that one call sends; the largest datagram is a little smaller.
const SEND_BYTES_MAX: usize = 64 << 10;
/// Most pieces that one message is gathered from.
const PIECES_MAX: u64 = 64;

/// A piece of the caller's memory.
pub(super) struct Piece {
    pub(super) at: u64,
    pub(super) bytes: u64,
}

/// The caller's `struct msghdr`, as far as it is passed on.
pub(super) struct Message {
    pub(super) name: Option<(u64, u64)>,
    pub(super) pieces: Vec<Piece>,
}

impl Message {
    pub(super) fn read(tid: i32, at: u64) -> Result<Message, i32> {
        // Name and its length, pieces and their number, control data and its length, flags: 8 bytes each.
        let mut header = [0; 56];
        read_exactly(tid, at, &mut header)?;
        let word = |index: usize| {
            header[8 * index..][..8]
                .iter()
                .rev()
                .fold(0_u64, |word, &byte| word << 8 | u64::from(byte))
        };
        let (name, name_bytes, first, count, control_bytes) =
            (word(0), word(1) & 0xffff_ffff, word(2), word(3), word(5));
        if control_bytes != 0 {
            // Control data can name sources, routes and descriptors.
            return Err(libc::EOPNOTSUPP);
        }
        if count > PIECES_MAX {
            return Err(libc::EMSGSIZE);
        }
        let mut table = vec![0; 16 * count as usize];
        read_exactly(tid, first, &mut table)?;
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0_u64, |word, &byte| word << 8 | u64::from(byte))
        };
        let pieces = table
            .chunks_exact(16)
            .map(|piece| Piece {
                at: number(&piece[..8]),
                bytes: number(&piece[8..]),
            })
            .collect();
        Ok(Message {
            name: Some((name, name_bytes)),
            pieces,
        })
    }
}

/// What is to be sent. Of a stream, only as much as one call takes.
pub(super) fn gather(tid: i32, pieces: &[Piece], kind: Kind) -> Result<Vec<u8>, i32> {
    let total = pieces
        .iter()
        .fold(0_u64, |sum, piece| sum.saturating_add(piece.bytes));
    if kind == Kind::Udp && total > SEND_BYTES_MAX as u64 {
        return Err(libc::EMSGSIZE);
    }
    let mut bytes = Vec::with_capacity(total.min(SEND_BYTES_MAX as u64) as usize);
    for piece in pieces {
        let start = bytes.len();
        let count = piece.bytes.min((SEND_BYTES_MAX - start) as u64) as usize;
        bytes.resize(start + count, 0);
        read_exactly(tid, piece.at, &mut bytes[start..])?;
    }
    Ok(bytes)
}

pub(super) fn read_address(tid: i32, at: u64, bytes: u64) -> Result<Vec<u8>, i32> {
    // The kernel takes the length as an int.
    let bytes = bytes & 0xffff_ffff;
    if !(2..=ADDRESS_BYTES_MAX).contains(&bytes) {
        return Err(libc::EINVAL);
    }
    let mut address = vec![0; bytes as usize];
    read_exactly(tid, at, &mut address)?;
    Ok(address)
}

fn read_exactly(tid: i32, at: u64, buffer: &mut [u8]) -> Result<(), i32> {
    if buffer.is_empty() {
        return Ok(());
    }
    match memory::read(tid, at, buffer) {
        Ok(count) if count == buffer.len() => Ok(()),
        _ => Err(libc::EFAULT),
    }
}

pub(super) fn family(address: &[u8]) -> i32 {
    i32::from(u16::from_ne_bytes([address[0], address[1]]))
}

/// Address and port of a `sockaddr_in` or `sockaddr_in6`.
pub(super) fn internet_address(address: &[u8]) -> Result<(IpAddr, u16), i32> {
    let port = |bytes: &[u8]| u16::from_be_bytes([bytes[2], bytes[3]]);
    match family(address) {
        libc::AF_INET if address.len() >= 16 => {
            let octets: [u8; 4] = address[4..8].try_into().map_err(|_| libc::EINVAL)?;
            Ok((IpAddr::V4(Ipv4Addr::from(octets)), port(address)))
        }
        libc::AF_INET6 if address.len() >= 24 => {
            let octets: [u8; 16] = address[8..24].try_into().map_err(|_| libc::EINVAL)?;
            Ok((IpAddr::V6(Ipv6Addr::from(octets)), port(address)))
        }
        libc::AF_INET | libc::AF_INET6 => Err(libc::EINVAL),
        _ => Err(libc::EAFNOSUPPORT),
    }
}
