//! Lets a process in the machine's network reach granted targets only.
//!
//! The filter hands every call that names an address to the helper and stops the caller. The helper copies the address
//! once, decides, and then acts itself on the caller's own socket with the bytes it examined: nothing the caller
//! changes meanwhile counts, and no call is ever let through to read the caller's memory again. No operation of the
//! helper waits for the caller or the network: what would block is answered when the socket is ready.

mod caller;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{PidfdGetfdFlags, pidfd_getfd};

use crate::spec::{Protocol, Target};
use crate::sys::seccomp::{Call, answer, is_waiting, receive, wake_synchronously};
use crate::sys::{process, sockets};
use caller::{Message, Piece, family, gather, internet_address, read_address};

/// Most calls that wait for their sockets at a time.
const WAITING_MAX: usize = 512;
/// Most processes whose descriptors are kept.
const KNOWN_MAX: usize = 16;
/// Flags of sends that are passed on.
const SEND_FLAGS: i32 = libc::MSG_MORE | libc::MSG_EOR | libc::MSG_OOB | libc::MSG_CONFIRM;

/// Answers the calls of one tree.
pub(crate) struct Broker {
    listener: OwnedFd,
    targets: Vec<Target>,
    waiting: Vec<(Call, OwnedFd)>,
    known: Vec<(i32, OwnedFd)>,
    /// Whether nobody who could call is left.
    over: bool,
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
            over: false,
            resuming: false,
            granted: 0,
            refused: 0,
        }
    }

    /// Where calls arrive, to poll for, as long as anybody can make one.
    pub(crate) fn calls(&self) -> Option<PollFd<'_>> {
        (!self.over).then(|| PollFd::new(&self.listener, PollFlags::IN))
    }

    /// Sockets that calls wait for, to poll for.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.waiting
            .iter()
            .map(|(_, socket)| PollFd::new(socket, PollFlags::OUT))
    }

    /// Whether calls wait for sockets, so that their callers may be gone without notice.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Receives and answers one call, if `events` of the listener say that there is one.
    pub(crate) fn serve(&mut self, events: PollFlags) {
        if !events.contains(PollFlags::IN) {
            // Without a call it is ready only when nobody who could make one is left.
            self.over |= !events.is_empty();
        } else if let Ok(call) = receive(self.listener.as_fd()) {
            self.go_on(call);
        }
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
