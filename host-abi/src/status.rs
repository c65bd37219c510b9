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
}

impl Status {
    /// Every status, in the order of their numbers from -1 down.
    pub const ALL: [Status; 6] = [
        Status::InvalidJson,
        Status::InvalidQuery,
        Status::InvalidBase64,
        Status::TooDeep,
        Status::TooLarge,
        Status::TooComplex,
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
        }
    }
}
