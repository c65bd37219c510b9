//! A Unix socket that carries frames, and descriptors with the first one.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

use crate::message::{Message, Order};
use crate::spec::JailSpec;
use crate::wire::FRAME_BYTES_MAX;

/// Descriptors that come with a specification: the program and its standard input.
const DESCRIPTORS: usize = 2;

/// One end of a connection between the helper and whoever starts it.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
    received: Vec<u8>,
}

/// What a look into a channel gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<T> {
    /// A whole frame.
    Frame(T),
    /// Nothing yet.
    Nothing,
    /// The other end is closed.
    End,
}

impl Channel {
    /// A pair of connected sockets, closed when a program is executed.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
        Ok(rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?)
    }

    /// Frames over `socket`.
    pub fn new(socket: OwnedFd) -> Channel {
        Channel {
            socket,
            received: Vec::new(),
        }
    }

    /// Sends a specification with the descriptors of the program and of its standard input.
    ///
    /// # Errors
    ///
    /// When the specification is larger than a frame, or the helper is gone.
    pub fn send_start(
        &self,
        spec: JailSpec,
        program: BorrowedFd<'_>,
        stdin: BorrowedFd<'_>,
    ) -> io::Result<()> {
        let frame = Order::Start(Box::new(spec))
            .frame()
            .ok_or(io::ErrorKind::ArgumentListTooLong)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = [program, stdin];
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        let sent = retry(|| {
            rustix::net::sendmsg(
                &self.socket,
                &[IoSlice::new(&frame)],
                &mut ancillary,
                SendFlags::NOSIGNAL,
            )
        })?;
        self.send_bytes(&frame[sent..])
    }

    /// Orders the helper to kill the tree.
    ///
    /// # Errors
    ///
    /// When the helper is gone, which kills the tree as well.
    pub fn send_kill(&self) -> io::Result<()> {
        self.send_bytes(&Order::Kill.frame().unwrap_or_default())
    }

    pub(crate) fn send(&self, message: &Message) -> io::Result<()> {
        self.send_bytes(&message.frame().ok_or(io::ErrorKind::InvalidData)?)
    }

    fn send_bytes(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let sent = retry(|| rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL))?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// The next message of the helper, without waiting.
    ///
    /// # Errors
    ///
    /// When the frame is malformed or the socket fails.
    pub fn receive(&mut self) -> io::Result<Received<Message>> {
        self.next(Message::read)
    }

    pub(crate) fn receive_order(&mut self) -> io::Result<Received<Order>> {
        self.next(Order::read)
    }

    /// Waits for the first order and its descriptors.
    pub(crate) fn receive_start(&mut self) -> io::Result<Received<(Order, Vec<OwnedFd>)>> {
        let mut descriptors = Vec::new();
        loop {
            if let Some((order, used)) = self.first(Order::read)? {
                self.received.drain(..used);
                return Ok(Received::Frame((order, descriptors)));
            }
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let mut piece = vec![0; 64 << 10];
            let got = retry(|| {
                rustix::net::recvmsg(
                    &self.socket,
                    &mut [IoSliceMut::new(&mut piece)],
                    &mut ancillary,
                    RecvFlags::CMSG_CLOEXEC,
                )
            })?;
            for message in ancillary.drain() {
                if let RecvAncillaryMessage::ScmRights(rights) = message {
                    descriptors.extend(rights);
                }
            }
            if got.bytes == 0 {
                return Ok(Received::End);
            }
            self.received.extend_from_slice(&piece[..got.bytes]);
        }
    }

    fn next<T>(
        &mut self,
        read: impl Fn(u8, &[u8]) -> Result<T, crate::wire::Malformed>,
    ) -> io::Result<Received<T>> {
        loop {
            if let Some((frame, used)) = self.first(&read)? {
                self.received.drain(..used);
                return Ok(Received::Frame(frame));
            }
            let mut piece = [0; 4096];
            match retry(|| {
                rustix::net::recv(&self.socket, piece.as_mut_slice(), RecvFlags::DONTWAIT)
            }) {
                Ok((0, _)) => return Ok(Received::End),
                Ok((count, _)) => self.received.extend_from_slice(&piece[..count]),
                Err(Errno::AGAIN) => return Ok(Received::Nothing),
                // The other end died with bytes of ours unread.
                Err(Errno::CONNRESET) => return Ok(Received::End),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The first whole frame of what was received, and its length.
    fn first<T>(
        &self,
        read: impl Fn(u8, &[u8]) -> Result<T, crate::wire::Malformed>,
    ) -> io::Result<Option<(T, usize)>> {
        let Some((length, rest)) = self.received.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length == 0 || length > FRAME_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some(frame) = rest.get(..length) else {
            return Ok(None);
        };
        let value =
            read(frame[0], &frame[1..]).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Some((value, 4 + length)))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Calls again what a signal interrupted.
pub(crate) fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}
