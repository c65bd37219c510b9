//! Lets a process in the machine's network reach granted targets only.
//!
//! The filter hands every call that names an address to the helper and stops the caller. The helper copies the address
//! once, decides, and then acts itself on the caller's own socket with the bytes it examined: nothing the caller
//! changes meanwhile counts, and no call is ever let through to read the caller's memory again. No operation of the
//! helper waits for the caller or the network: what would block is answered when the socket is ready.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{PidfdGetfdFlags, pidfd_getfd};

use crate::spec::{Protocol, Target};
use crate::sys::seccomp::{Call, answer, is_waiting, receive, wake_synchronously};
use crate::sys::{memory, process, sockets};

/// Most calls that wait for their sockets at a time.
const WAITING_MAX: usize = 512;
/// Most processes whose descriptors are kept.
const KNOWN_MAX: usize = 16;
/// Longest address of any family.
const ADDRESS_BYTES_MAX: u64 = 128;
/// Most bytes that one call sends; the largest datagram is a little smaller.
const SEND_BYTES_MAX: usize = 64 << 10;
/// Most pieces that one message is gathered from.
const PIECES_MAX: u64 = 64;
/// Flags of sends that are passed on.
const SEND_FLAGS: i32 = libc::MSG_MORE | libc::MSG_EOR | libc::MSG_OOB | libc::MSG_CONFIRM;

/// Answers the calls of one tree.
pub(crate) struct Broker {
    listener: OwnedFd,
    targets: Vec<Target>,
    waiting: Vec<(Call, OwnedFd)>,
    known: Vec<(i32, OwnedFd)>,
    /// Whether a call is gone on with that was counted when it came.
    resuming: bool,
    /// Connections and datagrams to granted targets.
    pub(crate) granted: u64,
    /// Connections and datagrams to other ones.
    pub(crate) refused: u64,
}

/// What became of a call.
enum Outcome {
    Done(Result<i64, i32>),
    /// It can go on when this socket is ready.
    Wait(OwnedFd),
}

/// What a socket is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp,
    Udp,
    /// One of a connected pair inside of the tree.
    Unix,
}

impl Broker {
    pub(crate) fn new(listener: OwnedFd, targets: Vec<Target>) -> Broker {
        wake_synchronously(listener.as_fd());
        Broker {
            listener,
            targets,
            waiting: Vec::new(),
            known: Vec::new(),
            resuming: false,
            granted: 0,
            refused: 0,
        }
    }

    /// What to poll for: calls, and sockets that calls wait for.
    pub(crate) fn interests(&self) -> impl Iterator<Item = PollFd<'_>> {
        let calls = PollFd::new(&self.listener, PollFlags::IN);
        let sockets = self
            .waiting
            .iter()
            .map(|(_, socket)| PollFd::new(socket, PollFlags::OUT));
        std::iter::once(calls).chain(sockets)
    }

    /// Whether calls wait for sockets, so that their callers may be gone without notice.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Receives and answers one call. Called when the listener is readable.
    pub(crate) fn serve(&mut self) {
        let Ok(call) = receive(self.listener.as_fd()) else {
            return;
        };
        self.go_on(call);
    }

    /// Goes on with calls whose sockets are ready, and forgets those whose callers are gone.
    pub(crate) fn resume(&mut self) {
        for (call, socket) in std::mem::take(&mut self.waiting) {
            if !is_waiting(self.listener.as_fd(), call.id) {
                continue;
            }
            if is_ready(&socket) {
                self.resuming = true;
                self.go_on(call);
                self.resuming = false;
            } else {
                self.waiting.push((call, socket));
            }
        }
    }

    fn go_on(&mut self, call: Call) {
        let outcome = match self.perform(&call) {
            Ok(Outcome::Wait(socket)) if self.waiting.len() < WAITING_MAX => {
                self.waiting.push((call, socket));
                return;
            }
            Ok(Outcome::Wait(_)) => Err(libc::EAGAIN),
            Ok(Outcome::Done(outcome)) => outcome,
            Err(error) => Err(error),
        };
        answer(self.listener.as_fd(), call.id, outcome);
    }

    fn perform(&mut self, call: &Call) -> Result<Outcome, i32> {
        let [_, second, third, fourth, fifth, sixth] = call.arguments;
        match call.number {
            libc::SYS_connect => self.connect(call, second, third),
            libc::SYS_bind => self.bind(call, second, third),
            libc::SYS_sendto => {
                let pieces = [Piece {
                    at: second,
                    bytes: third,
                }];
                self.send(call, &pieces, fourth as i32, Some((fifth, sixth)))
            }
            libc::SYS_sendmsg => {
                let message = Message::read(call.tid, second)?;
                self.send(call, &message.pieces, third as i32, message.name)
            }
            _ => Err(libc::ENOSYS),
        }
    }

    fn connect(&mut self, call: &Call, at: u64, bytes: u64) -> Result<Outcome, i32> {
        let address = read_address(call.tid, at, bytes)?;
        let (socket, kind) = self.fetch(call)?;
        if family(&address) == libc::AF_UNSPEC && kind != Kind::Unix {
            // It names nobody: it ends an association.
            return Ok(Outcome::Done(sockets::connect(socket.as_fd(), &address)));
        }
        let address = self.judge(kind, address)?;
        if kind == Kind::Udp {
            return Ok(Outcome::Done(sockets::connect(socket.as_fd(), &address)));
        }
        let flags = fcntl_getfl(&socket).map_err(|error| error.raw_os_error())?;
        if flags.contains(OFlags::NONBLOCK) {
            return Ok(Outcome::Done(sockets::connect(socket.as_fd(), &address)));
        }
        // The caller's blocking call must not block the helper. The same call again tells later how it went.
        fcntl_setfl(&socket, flags | OFlags::NONBLOCK).map_err(|error| error.raw_os_error())?;
        let outcome = sockets::connect(socket.as_fd(), &address);
        fcntl_setfl(&socket, flags).map_err(|error| error.raw_os_error())?;
        match outcome {
            Err(libc::EINPROGRESS | libc::EALREADY) => Ok(Outcome::Wait(socket)),
            outcome => Ok(Outcome::Done(outcome)),
        }
    }

    /// A client may ask for any free port, and for nothing that others find it by.
    fn bind(&mut self, call: &Call, at: u64, bytes: u64) -> Result<Outcome, i32> {
        let address = read_address(call.tid, at, bytes)?;
        let (socket, kind) = self.fetch(call)?;
        if kind == Kind::Unix {
            return Err(libc::EACCES);
        }
        let (_, port) = internet_address(&address)?;
        if port != 0 {
            return Err(libc::EACCES);
        }
        Ok(Outcome::Done(sockets::bind(socket.as_fd(), &address)))
    }

    fn send(
        &mut self,
        call: &Call,
        pieces: &[Piece],
        flags: i32,
        name: Option<(u64, u64)>,
    ) -> Result<Outcome, i32> {
        let address = match name {
            Some((at, bytes)) if at != 0 && bytes != 0 => Some(read_address(call.tid, at, bytes)?),
            _ => None,
        };
        let (socket, kind) = self.fetch(call)?;
        let bytes = gather(call.tid, pieces, kind)?;
        if !is_waiting(self.listener.as_fd(), call.id) {
            return Err(libc::EINTR);
        }
        if flags & libc::MSG_FASTOPEN != 0 {
            return Err(libc::EOPNOTSUPP);
        }
        let address = match (kind, address) {
            (Kind::Udp, Some(address)) => Some(self.judge(kind, address)?),
            // A connection has its address already; the kernel ignores another one, and so does the broker.
            _ => None,
        };
        let own = flags & SEND_FLAGS | libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        match sockets::send(socket.as_fd(), &bytes, own, address.as_deref()) {
            Err(libc::EAGAIN) if flags & libc::MSG_DONTWAIT == 0 && blocks(&socket) => {
                Ok(Outcome::Wait(socket))
            }
            outcome => Ok(Outcome::Done(outcome)),
        }
    }

    /// The address to use if it may be reached.
    fn judge(&mut self, kind: Kind, mut address: Vec<u8>) -> Result<Vec<u8>, i32> {
        let protocol = match kind {
            Kind::Tcp => Protocol::Tcp,
            Kind::Udp => Protocol::Udp,
            Kind::Unix => return Err(libc::EACCES),
        };
        let (mut ip, port) = internet_address(&address)?;
        // To the kernel the address of nobody means this machine; so that it is judged as what it means, it is written
        // out.
        if ip.is_unspecified() {
            ip = match ip {
                IpAddr::V4(_) => {
                    address[4..8].copy_from_slice(&Ipv4Addr::LOCALHOST.octets());
                    IpAddr::V4(Ipv4Addr::LOCALHOST)
                }
                IpAddr::V6(_) => {
                    address[8..24].copy_from_slice(&Ipv6Addr::LOCALHOST.octets());
                    IpAddr::V6(Ipv6Addr::LOCALHOST)
                }
            };
        }
        if ip.to_canonical().is_unspecified()
            || !self
                .targets
                .iter()
                .any(|range| range.holds(protocol, ip, port))
        {
            self.refused += u64::from(!self.resuming);
            return Err(libc::EACCES);
        }
        self.granted += u64::from(!self.resuming);
        Ok(address)
    }

    /// The caller's own socket, after making sure that the caller is still the one that made the call.
    fn fetch(&mut self, call: &Call) -> Result<(OwnedFd, Kind), i32> {
        let number = call.arguments[0] as i32;
        let socket = match self.known.iter().position(|&(tid, _)| tid == call.tid) {
            Some(index) => match take_descriptor(self.known[index].1.as_fd(), number) {
                Err(libc::ESRCH) => {
                    self.known.remove(index);
                    self.introduce(call, number)
                }
                other => other,
            },
            None => self.introduce(call, number),
        }?;
        if !is_waiting(self.listener.as_fd(), call.id) {
            return Err(libc::EINTR);
        }
        let kind = kind_of(socket.as_fd())?;
        Ok((socket, kind))
    }

    fn introduce(&mut self, call: &Call, number: i32) -> Result<OwnedFd, i32> {
        let pidfd = process::pidfd_of_thread(call.tid).map_err(|_| libc::EPERM)?;
        if !is_waiting(self.listener.as_fd(), call.id) {
            return Err(libc::EINTR);
        }
        let socket = take_descriptor(pidfd.as_fd(), number)?;
        if self.known.len() == KNOWN_MAX {
            self.known.remove(0);
        }
        self.known.push((call.tid, pidfd));
        Ok(socket)
    }
}

fn take_descriptor(pidfd: BorrowedFd<'_>, number: i32) -> Result<OwnedFd, i32> {
    pidfd_getfd(pidfd, number, PidfdGetfdFlags::empty()).map_err(|error| error.raw_os_error())
}

fn kind_of(socket: BorrowedFd<'_>) -> Result<Kind, i32> {
    let domain = sockets::option(socket, libc::SO_DOMAIN)?;
    let shape = sockets::option(socket, libc::SO_TYPE)?;
    let protocol = sockets::option(socket, libc::SO_PROTOCOL)?;
    match (domain, shape, protocol) {
        (libc::AF_INET | libc::AF_INET6, libc::SOCK_STREAM, libc::IPPROTO_TCP) => Ok(Kind::Tcp),
        (libc::AF_INET | libc::AF_INET6, libc::SOCK_DGRAM, libc::IPPROTO_UDP) => Ok(Kind::Udp),
        (libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_SEQPACKET, _) => Ok(Kind::Unix),
        _ => Err(libc::EACCES),
    }
}

fn is_ready(socket: &OwnedFd) -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&now)).is_ok_and(|count| count > 0)
}

fn blocks(socket: &OwnedFd) -> bool {
    fcntl_getfl(socket).is_ok_and(|flags| !flags.contains(OFlags::NONBLOCK))
}

/// A piece of the caller's memory.
struct Piece {
    at: u64,
    bytes: u64,
}

/// The caller's `struct msghdr`, as far as it is passed on.
struct Message {
    name: Option<(u64, u64)>,
    pieces: Vec<Piece>,
}

impl Message {
    fn read(tid: i32, at: u64) -> Result<Message, i32> {
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
fn gather(tid: i32, pieces: &[Piece], kind: Kind) -> Result<Vec<u8>, i32> {
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

fn read_address(tid: i32, at: u64, bytes: u64) -> Result<Vec<u8>, i32> {
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

fn family(address: &[u8]) -> i32 {
    i32::from(u16::from_ne_bytes([address[0], address[1]]))
}

/// Address and port of a `sockaddr_in` or `sockaddr_in6`.
fn internet_address(address: &[u8]) -> Result<(IpAddr, u16), i32> {
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
