//! Status codes of host functions.

/// Why a host function did not do its work although the call itself was fine. A guest may handle
/// it. The discriminant is the number that the guest sees; released numbers never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// The bytes are not well-formed JSON (RFC 8259).
    InvalidJson = -1,
    /// The query is not a valid RFC 9535 query.
    InvalidQuery = -2,
    /// The bytes are not base64.
    InvalidBase64 = -3,
    /// The JSON is nested deeper than 128 levels.
    TooDeep = -4,
    /// The argument is larger than the function accepts.
    TooLarge = -5,
    /// The query could take more work than the function accepts.
    TooComplex = -6,
    /// There is no such thing.
    NotFound = -7,
    /// There is one already.
    AlreadyExists = -8,
    /// The deadline passed.
    TimedOut = -9,
    /// More than the policy grants: bytes, files or processes at a time.
    Exceeded = -10,
    /// The other side takes no more.
    Closed = -11,
    /// The system refused it.
    Io = -12,
}

impl Status {
    /// Every status, in the order of their numbers from -1 down.
    pub const ALL: [Status; 12] = [
        Status::InvalidJson,
        Status::InvalidQuery,
        Status::InvalidBase64,
        Status::TooDeep,
        Status::TooLarge,
        Status::TooComplex,
        Status::NotFound,
        Status::AlreadyExists,
        Status::TimedOut,
        Status::Exceeded,
        Status::Closed,
        Status::Io,
    ];

    /// The number that the guest sees.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The status with this number.
    pub fn from_number(number: i32) -> Option<Status> {
        Status::ALL
            .into_iter()
            .find(|status| status.number() == number)
    }

    /// Its name in documentation and rendered headers.
    pub const fn name(self) -> &'static str {
        match self {
            Status::InvalidJson => "invalid_json",
            Status::InvalidQuery => "invalid_query",
            Status::InvalidBase64 => "invalid_base64",
            Status::TooDeep => "too_deep",
            Status::TooLarge => "too_large",
            Status::TooComplex => "too_complex",
            Status::NotFound => "not_found",
            Status::AlreadyExists => "already_exists",
            Status::TimedOut => "timed_out",
            Status::Exceeded => "exceeded",
            Status::Closed => "closed",
            Status::Io => "io",
        }
    }
}
