//! Host functions outside of a run, for tests of capsules that run natively.

use tenzik_host_abi::Status;

use crate::primitive::{IncrementalHash, RandomStream, base64, hash, json_path};

/// Bytes of a result: the memory that a run has by default.
const RESULT_BYTES_MAX: usize = 32 << 20;

/// The host functions that depend on their arguments and the seed of the run alone: the same code
/// that a run calls, without its metering.
pub struct PureHost {
    hash: IncrementalHash,
    random: RandomStream,
}

/// What a host function returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PureAnswer {
    /// The status, or 0 for functions without one; 0 stands for every handle.
    pub number: i32,
    /// The bytes written to the caller, or those of the variable-size result.
    pub bytes: Vec<u8>,
}

/// Why nothing was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PureCallError {
    /// There is no pure host function of this name.
    #[error("no pure host function of this name")]
    Function,
    /// Number or size of the arguments.
    #[error("the arguments do not fit the function")]
    Arguments,
}

impl PureHost {
    /// The functions at the start of a run with this seed.
    pub fn new(seed: u64) -> PureHost {
        PureHost {
            hash: IncrementalHash::new(),
            random: RandomStream::new(seed),
        }
    }

    /// Calls the host function `name` with the bytes behind each of its `in_ptr`; `random_bytes`
    /// takes the number of bytes as four bytes, little-endian.
    ///
    /// # Errors
    /// [`PureCallError`].
    pub fn call(&mut self, name: &str, arguments: &[&[u8]]) -> Result<PureAnswer, PureCallError> {
        let result = match (name, arguments) {
            ("hash_commit", [bytes]) => Ok(hash::digest(bytes).to_vec()),
            ("hash_verify", [bytes, digest]) => {
                let digest = (*digest).try_into().map_err(|_| PureCallError::Arguments)?;
                return Ok(PureAnswer {
                    number: i32::from(hash::verify(bytes, digest)),
                    bytes: Vec::new(),
                });
            }
            ("hash_update", [bytes]) => {
                self.hash.update(bytes);
                Ok(Vec::new())
            }
            ("hash_finish", []) => Ok(self.hash.finish().to_vec()),
            ("json_path", [json, query]) => json_path::prepare(json, query)
                .and_then(|prepared| prepared.evaluate(RESULT_BYTES_MAX)),
            ("base64_encode", [bytes]) => base64::encode(bytes, usize::MAX),
            ("base64_decode", [text]) => base64::decode(text, usize::MAX),
            ("random_bytes", [count]) => Ok(self.random_bytes(count)?),
            (
                "hash_commit" | "hash_verify" | "hash_update" | "hash_finish" | "json_path"
                | "base64_encode" | "base64_decode" | "random_bytes",
                _,
            ) => return Err(PureCallError::Arguments),
            _ => return Err(PureCallError::Function),
        };
        Ok(match result {
            Ok(bytes) => PureAnswer { number: 0, bytes },
            Err(status) => PureAnswer {
                number: Status::number(status),
                bytes: Vec::new(),
            },
        })
    }

    fn random_bytes(&mut self, count: &[u8]) -> Result<Vec<u8>, PureCallError> {
        let count: [u8; 4] = count.try_into().map_err(|_| PureCallError::Arguments)?;
        let count = usize::try_from(u32::from_le_bytes(count)).unwrap_or(usize::MAX);
        if count > RESULT_BYTES_MAX {
            return Err(PureCallError::Arguments);
        }
        let mut bytes = vec![0; count];
        self.random.fill(&mut bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{PureCallError, PureHost, RESULT_BYTES_MAX};

    #[test]
    fn wrong_calls_are_errors() {
        let mut host = PureHost::new(1);
        let too_many = (RESULT_BYTES_MAX as u32 + 1).to_le_bytes();
        let calls: [(&str, &[&[u8]]); 5] = [
            ("hash_commit", &[]),
            ("hash_verify", &[b"a", b"short"]),
            ("hash_finish", &[b""]),
            ("random_bytes", &[b"123"]),
            ("random_bytes", &[&too_many]),
        ];
        for (name, arguments) in calls {
            let error = host.call(name, arguments).unwrap_err();
            assert_eq!(error, PureCallError::Arguments, "{name}");
        }
        for name in ["input_read", "time_now_ms", "", "json_path_input"] {
            assert_eq!(host.call(name, &[]), Err(PureCallError::Function), "{name}");
        }
    }
}
