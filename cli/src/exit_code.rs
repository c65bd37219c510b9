//! Exit codes: one documented table, and the one place that maps errors to it.

use tenzik_runtime::{FaultClass, RejectClass};

macro_rules! exit_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $summary:literal;)*) => {
        /// How the process ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum ExitCode {
            $($(#[doc = $doc])+ $name,)*
        }

        impl ExitCode {
            /// Every exit code, by number.
            pub(crate) const ALL: &[ExitCode] = &[$(ExitCode::$name),*];

            /// Its number.
            pub(crate) const fn number(self) -> u8 {
                match self { $(ExitCode::$name => $number,)* }
            }

            /// What it means, in one line.
            pub(crate) const fn summary(self) -> &'static str {
                match self { $(ExitCode::$name => $summary,)* }
            }
        }
    };
}

exit_codes! {
    /// Success.
    Ok = 0, "ok";
    /// tenzik or the machine failed.
    Machine = 1, "tenzik or the machine failed, also a file that cannot be opened";
    /// Wrong usage.
    Usage = 2, "wrong usage";
    /// The module is invalid.
    Invalid = 10, "invalid module, also structural limits and features";
    /// An import is not in the table.
    Import = 11, "an import is not in the host function table, or of another kind or type";
    /// No trusted key signed the module.
    Signature = 12, "module signature: missing, malformed, false, or by no trusted key, where one is required";
    /// The module is too large.
    Size = 13, "the module is larger than the limit";
    /// The capsule reported a failure.
    Failure = 20, "the capsule reported a failure";
    /// The capsule trapped.
    Trap = 21, "trap, also stack overflow and bad host call arguments";
    /// The fuel limit.
    Fuel = 22, "fuel limit";
    /// The time limit.
    Time = 23, "time limit";
    /// The memory limit.
    Memory = 24, "memory limit";
    /// The output, log, input or host call limit.
    Traffic = 25, "output, log, input or host call limit";
    /// The policy refuses.
    Policy = 30, "refused by policy: before the run, or an effect that the capsule asked for";
    /// The receipt is broken.
    Receipt = 40, "receipt, bundle or journal broken: does not parse, bad signature, untrusted key, differing commitment; or not accepted: replayed, too old, from the future";
    /// A re-execution differs.
    Reexecution = 41, "the re-execution differs";
    /// A scenario failed.
    Scenario = 50, "scenario failed: steps failed, or were skipped since others failed, or it was cancelled or out of time";
    /// A scenario needs a decision.
    Decision = 51, "scenario needs a decision: nobody knows whether a step that must not be repeated happened";
    /// Something became worse than a bound allows.
    Regression = 60, "regression over the allowed bound";
    /// Cases of `tenzik test` failed.
    Cases = 61, "test cases failed";
    /// Unknown command or capsule.
    UnknownCommand = 127, "unknown command or capsule name";
}

impl From<RejectClass> for ExitCode {
    fn from(class: RejectClass) -> ExitCode {
        match class {
            RejectClass::Size => ExitCode::Size,
            RejectClass::Invalid => ExitCode::Invalid,
            RejectClass::Import => ExitCode::Import,
            RejectClass::Signature => ExitCode::Signature,
            RejectClass::Policy => ExitCode::Policy,
            RejectClass::Memory => ExitCode::Memory,
        }
    }
}

impl From<FaultClass> for ExitCode {
    fn from(class: FaultClass) -> ExitCode {
        match class {
            FaultClass::Trap => ExitCode::Trap,
            FaultClass::Fuel => ExitCode::Fuel,
            FaultClass::Time => ExitCode::Time,
            FaultClass::Memory => ExitCode::Memory,
            FaultClass::Traffic => ExitCode::Traffic,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> std::process::ExitCode {
        std::process::ExitCode::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use tenzik_runtime::performer::{fault_exit, reject_exit};
    use tenzik_runtime::{FaultCode, FindingCode};

    use super::ExitCode;

    /// Steps of scenarios end with the codes that `tenzik run` has.
    #[test]
    fn jobs_and_commands_have_the_same_codes() {
        for code in FaultCode::ALL {
            let class = code.class();
            assert_eq!(fault_exit(class), ExitCode::from(class).number());
        }
        for code in FindingCode::ALL {
            let class = code.class();
            assert_eq!(reject_exit(class), ExitCode::from(class).number());
        }
    }
}
