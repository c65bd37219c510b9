//! Every error code that the command can print, in one list.

use tenzik_runtime::scenario::{CodeFacts, PROBLEM_CODES, STEP_CODES};
use tenzik_runtime::{CAPSULE_FAILURE, EffectCode, FaultCode, FindingCode};

use crate::exit_code::ExitCode;
use crate::journal_arguments::JOURNAL_BROKEN;

/// What `tenzik explain` says about a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Explanation {
    pub(crate) code: &'static str,
    pub(crate) exit: ExitCode,
    pub(crate) cause: &'static str,
    pub(crate) remedy: &'static str,
}

/// A policy or a ceiling that cannot be used.
pub(crate) const POLICY_MALFORMED: &str = "policy_malformed";

/// The codes of the command itself; those of modules and runs come from their own tables.
const OWN: &[Explanation] = &[
    Explanation {
        code: "machine_failure",
        exit: ExitCode::Machine,
        cause: "tenzik or the machine failed; nothing is said about the capsule",
        remedy: "see the message: a file, a key, memory or the system's limits",
    },
    Explanation {
        code: "usage",
        exit: ExitCode::Usage,
        cause: "the command line asks for something that does not go together or is out of range",
        remedy: "see tenzik SUBCOMMAND --help",
    },
    Explanation {
        code: POLICY_MALFORMED,
        exit: ExitCode::Usage,
        cause: "a policy or a ceiling is not TOML, has an unknown key, or a value that is refused: it is never used in part, and a ceiling never left out",
        remedy: "the message has file, line and column; tenzik policy check shows the same, and docs/policy.md every key",
    },
    Explanation {
        code: "undo_changed",
        exit: ExitCode::Machine,
        cause: "files that the run changed are not as it left them, so undoing it would lose what came later; nothing was undone",
        remedy: "look at the files that are listed; tenzik undo --force puts them back all the same",
    },
    Explanation {
        code: "undo_incomplete",
        exit: ExitCode::Machine,
        cause: "a forced undo put back what it could; in the place of some files is something else than a file, or their directory cannot be reached",
        remedy: "move away what is in their place, and undo again",
    },
    Explanation {
        code: CAPSULE_FAILURE,
        exit: ExitCode::Failure,
        cause: "the capsule ended its run with its own failure: run returned another number than 0, or it called fail",
        remedy: "see the capsule's message and documentation",
    },
    Explanation {
        code: "receipt_broken",
        exit: ExitCode::Receipt,
        cause: "the receipt does not parse, its signature is bad, its key is not trusted, or a commitment differs from the bytes given",
        remedy: "get the receipt and the bytes again; add the key with tenzik receipt trust add if you trust it",
    },
    Explanation {
        code: "receipt_replayed",
        exit: ExitCode::Receipt,
        cause: "tenzik receipt accept has accepted a receipt of this node with this nonce before: this is that one again, or the node used its nonce twice",
        remedy: "if it is not a copy, ask for a new run with another nonce",
    },
    Explanation {
        code: "receipt_too_old",
        exit: ExitCode::Receipt,
        cause: "the run started longer ago than --max-age, or so long ago that the store has forgotten what was accepted then",
        remedy: "ask for a new run; use the same --max-age for all uses of one store",
    },
    Explanation {
        code: "receipt_from_future",
        exit: ExitCode::Receipt,
        cause: "by its timestamp the run started more than one minute after now: a clock is wrong, or the receipt was made to stay acceptable for longer",
        remedy: "set the clocks of both machines, and ask for a new run",
    },
    Explanation {
        code: "reexecution_differs",
        exit: ExitCode::Reexecution,
        cause: "running the capsule again over the same input gave another result than the receipt states",
        remedy: "do not rely on the receipt; the lines above name what differs",
    },
    Explanation {
        code: "bundle_broken",
        exit: ExitCode::Receipt,
        cause: "the file is no bundle of this version, or some of its bytes are missing, too many or not those that tenzik wrote",
        remedy: "get the bundle again; the message names the part and the place",
    },
    Explanation {
        code: JOURNAL_BROKEN,
        exit: ExitCode::Receipt,
        cause: "a row of the journal of runs was changed, removed or moved, the file is damaged, or an artifact is not what was stored",
        remedy: "tenzik journal verify names the first row that is not as it was written; put a copy in its place, or move the journal away",
    },
    Explanation {
        code: "replay_differs",
        exit: ExitCode::Reexecution,
        cause: "tenzik run --replay: the capsule asked for another effect than the record has next, for more of them or for fewer; or the record has an answer to what the policy refuses",
        remedy: "replay the capsule, input and policy of the record; tenzik bundle inspect --transcript shows its calls",
    },
    Explanation {
        code: "size_regression",
        exit: ExitCode::Regression,
        cause: "the capsule grew by more than --max-growth allows",
        remedy: "the rows that grew name what to look at; allow more with --max-growth if the growth is wanted",
    },
    Explanation {
        code: "cases_failed",
        exit: ExitCode::Cases,
        cause: "a case of tenzik test ended in another way, wrote another output or used more than it expects",
        remedy: "repair the capsule; where the new result is the right one, tenzik test --bless writes it",
    },
    Explanation {
        code: "scenario_malformed",
        exit: ExitCode::Usage,
        cause: "a scenario has problems: none of it is run",
        remedy: "each problem has its place and its own code; tenzik scenario check shows the same",
    },
    Explanation {
        code: "plan_changed",
        exit: ExitCode::Usage,
        cause: "a run is to go on, but its variables, policies or capsules are not those that it began with, or cannot be read",
        remedy: "put them back, or start a new run: pure results are reused",
    },
    Explanation {
        code: "unknown_capsule",
        exit: ExitCode::UnknownCommand,
        cause: "a word without a / that does not end in .wasm or .wat is the name of an embedded capsule, and there is none of this name",
        remedy: "write the path of a file as ./NAME.wasm",
    },
];

/// Every code, in the order of their exit codes.
pub(crate) fn all() -> Vec<Explanation> {
    let findings = FindingCode::ALL.iter().map(|code| Explanation {
        code: code.code(),
        exit: ExitCode::from(code.class()),
        cause: code.cause(),
        remedy: code.remedy(),
    });
    let faults = FaultCode::ALL.iter().map(|code| Explanation {
        code: code.code(),
        exit: ExitCode::from(code.class()),
        cause: code.cause(),
        remedy: code.remedy(),
    });
    let effects = EffectCode::ALL.iter().map(|code| Explanation {
        code: code.code(),
        exit: ExitCode::Policy,
        cause: code.cause(),
        remedy: code.remedy(),
    });
    let of_scenarios = |list: &'static [CodeFacts], exit: ExitCode| {
        list.iter().map(move |facts| Explanation {
            code: facts.code,
            exit,
            cause: facts.cause,
            remedy: facts.remedy,
        })
    };
    let problems = of_scenarios(PROBLEM_CODES, ExitCode::Usage);
    let steps = of_scenarios(STEP_CODES, ExitCode::Scenario);
    let own = OWN.iter().copied();
    let runs = findings.chain(faults).chain(effects);
    let mut all: Vec<Explanation> = own.chain(runs).chain(problems).chain(steps).collect();
    all.sort_by_key(|explanation| explanation.exit.number());
    all
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn codes_are_unique_and_explained() {
        let all = all();
        for (index, explanation) in all.iter().enumerate() {
            assert!(
                !explanation.cause.is_empty() && !explanation.remedy.is_empty(),
                "{}",
                explanation.code
            );
            assert!(
                all.iter()
                    .skip(index + 1)
                    .all(|other| other.code != explanation.code),
                "{} twice",
                explanation.code
            );
        }
    }
}
