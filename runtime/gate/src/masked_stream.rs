//! A stream on its way to a capsule, without the secrets in it.

use crate::secrets::Mask;

/// Bytes read at a time where secrets may be among them.
const PIECE_BYTES: usize = 64 << 10;

/// A stream in which secrets are replaced. Without a mask bytes go straight through.
pub(crate) struct MaskedStream {
    mask: Option<Mask>,
    /// What was read and masked, and is not given out yet: from `given` on.
    ready: Vec<u8>,
    given: usize,
    ended: bool,
    /// Whether nothing is given out before the stream has ended.
    at_end: bool,
}

impl MaskedStream {
    /// A stream behind `mask`.
    pub(crate) fn new(mask: Option<Mask>) -> MaskedStream {
        MaskedStream {
            mask,
            ready: Vec::new(),
            given: 0,
            ended: false,
            at_end: false,
        }
    }

    /// A stream of a program, behind `mask`, that is given out when it has ended. A mask holds back what
    /// could begin a secret: whoever feeds a program that echoes would see by the waiting whether a guess
    /// is a beginning of one.
    pub(crate) fn of_program(mask: Option<Mask>) -> MaskedStream {
        MaskedStream {
            at_end: true,
            ..MaskedStream::new(mask)
        }
    }

    /// Fills `buffer` unless the stream ends; returns how many bytes it gave. `read` fills what it is
    /// given unless there is no more.
    pub(crate) fn fill<E>(
        &mut self,
        buffer: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let Some(mask) = &mut self.mask else {
            return read(buffer);
        };
        while self.at_end && !self.ended {
            let mut piece = vec![0; PIECE_BYTES];
            let got = read(&mut piece)?;
            mask.push(piece.get(..got).unwrap_or_default(), &mut self.ready);
            if got < PIECE_BYTES {
                self.ended = true;
                mask.finish(&mut self.ready);
            }
        }
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let ready = self.ready.get(self.given..).unwrap_or_default();
            let count = ready.len().min(rest.len());
            if let (Some(to), Some(from)) = (rest.get_mut(..count), ready.get(..count)) {
                to.copy_from_slice(from);
            }
            filled += count;
            self.given += count;
            if count > 0 {
                continue;
            }
            if self.ended {
                break;
            }
            self.ready.clear();
            self.given = 0;
            let mut piece = vec![0; rest.len().min(PIECE_BYTES)];
            let wanted = piece.len();
            let got = read(&mut piece)?;
            mask.push(piece.get(..got).unwrap_or_default(), &mut self.ready);
            if got < wanted {
                self.ended = true;
                mask.finish(&mut self.ready);
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tenzik_policy::{Origin, SecretGrant, SecretSource};

    use super::MaskedStream;
    use crate::secrets::Secrets;

    fn secrets() -> Secrets {
        let grant = SecretGrant {
            name: "token".to_owned(),
            source: SecretSource::Env("TOKEN".to_owned()),
            origin: Origin::default(),
        };
        let secrets = Secrets::new(
            &[grant],
            std::sync::Arc::new(|_| Some("s3cret-value".into())),
        );
        secrets.resolve("token").unwrap();
        secrets
    }

    #[test]
    fn secrets_are_replaced_however_the_stream_is_read() {
        let text = b"before s3cret-value after s3cret-valu and s3cret-value".as_slice();
        for size in 1..text.len() + 5 {
            let mut stream = MaskedStream::new(Some(secrets().mask()));
            let (mut offset, mut seen) = (0, Vec::new());
            loop {
                let mut buffer = vec![0; size];
                let count = stream
                    .fill(&mut buffer, |piece| {
                        let count = piece.len().min(text.len() - offset);
                        piece[..count].copy_from_slice(&text[offset..offset + count]);
                        offset += count;
                        Ok::<usize, Infallible>(count)
                    })
                    .unwrap();
                seen.extend_from_slice(&buffer[..count]);
                if count < size {
                    break;
                }
            }
            assert_eq!(seen, b"before *** after s3cret-valu and ***", "{size}");
        }
    }
}
