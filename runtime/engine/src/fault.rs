//! Faults: how a capsule can misbehave while it runs.

use std::fmt;

/// The class of a fault, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The capsule trapped or called a host function in a way that no capsule may.
    Trap,
    /// The fuel limit.
    Fuel,
    /// The wall time limit, or cancellation.
    Time,
    /// The memory limit.
    Memory,
    /// The input, output, log or host call limit.
    Traffic,
}

macro_rules! fault_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $class:ident, $cause:literal, $remedy:literal;)*) => {
        /// The stable code of a fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FaultCode {
            $($(#[doc = $doc])+ $name,)*
        }

        impl FaultCode {
            /// Every code.
            pub const ALL: &[FaultCode] = &[$(FaultCode::$name),*];

            /// The code as it is written in JSON, receipts and `tenzik explain`.
            pub const fn code(self) -> &'static str {
                match self { $(FaultCode::$name => $code,)* }
            }

            /// The class that decides the exit code.
            pub const fn class(self) -> FaultClass {
                match self { $(FaultCode::$name => FaultClass::$class,)* }
            }

            /// What happened, for `tenzik explain`.
            pub const fn cause(self) -> &'static str {
                match self { $(FaultCode::$name => $cause,)* }
            }

            /// What usually repairs it.
            pub const fn remedy(self) -> &'static str {
                match self { $(FaultCode::$name => $remedy,)* }
            }
        }
    };
}

fault_codes! {
    /// The `unreachable` instruction was executed.
    Unreachable = "trap_unreachable", Trap,
        "the capsule executed unreachable, which is what a panic compiles to",
        "handle the case that panics and end the run with fail";
    /// A load or store outside the memory.
    MemoryOutOfBounds = "trap_memory_out_of_bounds", Trap,
        "the capsule read or wrote outside its memory",
        "check the address and length before the access";
    /// An access outside a table.
    TableOutOfBounds = "trap_table_out_of_bounds", Trap,
        "the capsule used a table index that is out of bounds",
        "check the index before the access";
    /// An indirect call of an empty table slot.
    IndirectCallToNull = "trap_indirect_call_to_null", Trap,
        "the capsule called through a table slot that is empty",
        "check the function pointer before the call";
    /// An indirect call with another type.
    BadSignature = "trap_bad_signature", Trap,
        "the capsule called a function through a pointer of another type",
        "call the function with the type it was defined with";
    /// Integer overflow in a division or conversion.
    IntegerOverflow = "trap_integer_overflow", Trap,
        "a division or conversion has a result that does not fit its type",
        "check the operands before the operation";
    /// Integer division by zero.
    DivisionByZero = "trap_division_by_zero", Trap,
        "the capsule divided an integer by zero",
        "check the divisor before the division";
    /// Conversion of a float that is not a number to an integer.
    BadConversion = "trap_bad_conversion", Trap,
        "the capsule converted a float that is not a number to an integer",
        "check the float before the conversion";
    /// The stack of compiled code is used up.
    StackOverflow = "trap_stack_overflow", Trap,
        "the capsule's calls are nested deeper than its stack allows",
        "make the recursion shallower or raise --stack";
    /// Any other trap.
    OtherTrap = "trap_other", Trap,
        "the capsule trapped",
        "see the message of the run";
    /// A host call was given memory that the capsule does not have.
    BadPointer = "bad_pointer", Trap,
        "a host call was given an address range outside the capsule's memory",
        "pass a pointer and length that lie inside the memory";
    /// A host call was given a handle that is not the newest one.
    BadHandle = "bad_handle", Trap,
        "result_read was given a handle that is not that of the newest result",
        "read a result before the next call that makes one";
    /// A host call was given a value outside its range.
    BadArgument = "bad_argument", Trap,
        "a host call was given a value that its documentation excludes",
        "see the host function's documentation";
    /// The fuel limit.
    FuelExhausted = "fuel_exhausted", Fuel,
        "the capsule used all fuel that the base and the input bytes read grant",
        "look for a loop that does not end, or raise --fuel or --fuel-per-byte";
    /// The wall time limit.
    TimeExceeded = "time_exceeded", Time,
        "guest and host calls together took longer than the base and the input bytes read grant",
        "raise --time, or run on a machine that is less busy";
    /// The caller cancelled the run.
    Cancelled = "cancelled", Time,
        "the run was cancelled from outside",
        "run it again";
    /// The memory limit.
    MemoryExceeded = "memory_exceeded", Memory,
        "memories and tables together would be larger than the memory limit",
        "use less memory or raise --memory";
    /// The input limit.
    InputExceeded = "input_exceeded", Traffic,
        "the input is larger than the limit",
        "raise --max-input";
    /// The output limit.
    OutputExceeded = "output_exceeded", Traffic,
        "the output is larger than the base and the input bytes read grant",
        "raise --max-output";
    /// The log limit.
    LogExceeded = "log_exceeded", Traffic,
        "the capsule logged more bytes than the limit",
        "log less or raise --max-log";
    /// The host call limit.
    HostCallsExceeded = "host_calls_exceeded", Traffic,
        "the capsule made more host calls than the base and the input bytes read grant",
        "read and write in larger pieces, or raise --max-host-calls";
}

/// One fault, with what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable code.
    pub code: FaultCode,
    /// What happened, with the numbers.
    pub message: String,
}

impl Fault {
    /// A fault with this message.
    pub(crate) fn new(code: FaultCode, message: impl Into<String>) -> Fault {
        Fault {
            code,
            message: message.into(),
        }
    }

    /// Whether another machine may end the same run differently: the wall clock and the frame sizes
    /// of compiled code are not the capsule's.
    pub fn machine_bound(&self) -> bool {
        self.code.is_machine_bound()
    }
}

impl FaultCode {
    /// Whether another machine may end the same run differently: see [`Fault::machine_bound`].
    pub fn is_machine_bound(self) -> bool {
        matches!(
            self,
            FaultCode::TimeExceeded | FaultCode::Cancelled | FaultCode::StackOverflow
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
