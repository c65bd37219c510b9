//! Levels of log messages.

/// The level of a log message; the discriminant is its number in the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// Something failed.
    Error = 0,
    /// Something is suspicious.
    Warning = 1,
    /// Something a user wants to know.
    Information = 2,
    /// Something a capsule author wants to know.
    Debug = 3,
    /// Everything else.
    Trace = 4,
}

impl LogLevel {
    /// The level with this ABI number.
    pub const fn from_number(number: i32) -> Option<LogLevel> {
        match number {
            0 => Some(LogLevel::Error),
            1 => Some(LogLevel::Warning),
            2 => Some(LogLevel::Information),
            3 => Some(LogLevel::Debug),
            4 => Some(LogLevel::Trace),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warning => "warning",
            LogLevel::Information => "information",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}
