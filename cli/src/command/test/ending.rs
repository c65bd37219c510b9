//! How a run ends, in the words that `run --json` has for it; the form of a `.status` file.
//!
//! ```text
//! ok
//! failure CODE            the capsule's own code; lines below are its message
//! fault ERROR_CODE        an error code of the class of faults
//! reject ERROR_CODE       the module is not acceptable; the first finding
//! refused ERROR_CODE      the policy does not grant what the module needs
//! ```

use tenzik_runtime::{FaultCode, Finding, FindingCode, RejectClass, Status};

use crate::command::run::message_shown;

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Ok,
    /// The capsule's own code; where a message is expected, `None` stands for any.
    Failure {
        code: i32,
        message: Option<Vec<u8>>,
    },
    Fault(&'static str),
    Reject(&'static str),
    Refused(&'static str),
}

impl Ending {
    /// The ending of a run.
    pub(super) fn of_run(status: &Status) -> Ending {
        match status {
            Status::Ok => Ending::Ok,
            Status::Failure { code, message } => Ending::Failure {
                code: *code,
                message: Some(message.clone()),
            },
            Status::Fault(fault) => Ending::Fault(fault.code.code()),
            Status::Refused(refused) => Ending::Refused(refused.code),
        }
    }

    /// The ending of a module that may not run, by its first error.
    pub(super) fn of_finding(finding: &Finding) -> Ending {
        Ending::of_finding_code(finding.code)
    }

    fn of_finding_code(code: FindingCode) -> Ending {
        if code.class() == RejectClass::Policy {
            Ending::Refused(code.code())
        } else {
            Ending::Reject(code.code())
        }
    }

    /// Reads a `.status` file. The error says what is wrong with the line it names, counted from 1.
    pub(super) fn parse(bytes: &[u8]) -> Result<Ending, (usize, String)> {
        let (line, rest) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => bytes.split_at(end),
            None => (bytes, &[][..]),
        };
        let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        let message = rest.strip_suffix(b"\n").unwrap_or(rest);
        let ending =
            parse_line(line.strip_suffix(b"\r").unwrap_or(line)).map_err(|message| (1, message))?;
        match ending {
            Ending::Failure { code, .. } => Ok(Ending::Failure {
                code,
                message: (!message.is_empty()).then(|| message.to_vec()),
            }),
            _ if !rest.is_empty() => Err((
                2,
                "only a failure has a message below its first line".to_owned(),
            )),
            other => Ok(other),
        }
    }

    /// The content of a `.status` file that this ending satisfies.
    pub(super) fn render(&self) -> Vec<u8> {
        let mut bytes = self.line().into_bytes();
        bytes.push(b'\n');
        if let Ending::Failure {
            message: Some(message),
            ..
        } = self
            && !message.is_empty()
        {
            bytes.extend_from_slice(message);
            bytes.push(b'\n');
        }
        bytes
    }

    /// Whether an `actual` ending is the one expected here.
    pub(super) fn accepts(&self, actual: &Ending) -> bool {
        match (self, actual) {
            (
                Ending::Failure {
                    code,
                    message: None,
                },
                Ending::Failure { code: actual, .. },
            ) => code == actual,
            _ => self == actual,
        }
    }

    /// The first line of its `.status` file.
    pub(super) fn line(&self) -> String {
        match self {
            Ending::Ok => "ok".to_owned(),
            Ending::Failure { code, .. } => format!("failure {code}"),
            Ending::Fault(code) => format!("fault {code}"),
            Ending::Reject(code) => format!("reject {code}"),
            Ending::Refused(code) => format!("refused {code}"),
        }
    }

    /// The ending for people, with its message.
    pub(super) fn shown(&self) -> String {
        match self {
            Ending::Failure {
                message: Some(message),
                ..
            } if !message.is_empty() => format!("{}: {}", self.line(), message_shown(message)),
            _ => self.line(),
        }
    }
}

fn parse_line(line: &[u8]) -> Result<Ending, String> {
    let text = std::str::from_utf8(line).unwrap_or("");
    let (word, code) = match text.split_once(' ') {
        Some((word, code)) => (word, Some(code)),
        None => (text, None),
    };
    let fault = |code: &str| {
        let found = FaultCode::ALL.iter().find(|known| known.code() == code);
        found.map(|known| Ending::Fault(known.code()))
    };
    let finding = |code: &str| {
        let found = FindingCode::ALL.iter().find(|known| known.code() == code);
        found.map(|known| Ending::of_finding_code(*known))
    };
    let unknown = |code: &str| {
        format!(
            "{} is no error code of a {word}; tenzik explain --list has them",
            tenzik_runtime::escaped(code)
        )
    };
    match (word, code) {
        ("ok", None) => Ok(Ending::Ok),
        ("failure", Some(code)) => match code.parse() {
            Ok(0) => Err("a run that ends with 0 is ok and no failure".to_owned()),
            Ok(code) => Ok(Ending::Failure {
                code,
                message: None,
            }),
            Err(_) => Err(format!(
                "{} is no failure code; write a number such as failure 3",
                tenzik_runtime::escaped(code)
            )),
        },
        ("fault", Some(code)) => fault(code).ok_or_else(|| unknown(code)),
        ("reject", Some(code)) => finding(code)
            .filter(|ending| matches!(ending, Ending::Reject(_)))
            .ok_or_else(|| unknown(code)),
        ("refused", Some(code)) => finding(code)
            .filter(|ending| matches!(ending, Ending::Refused(_)))
            .ok_or_else(|| unknown(code)),
        _ => Err(
            "expected ok, failure NUMBER, fault CODE, reject CODE or refused CODE in the first line"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Ending;

    #[test]
    fn files_round_trip() {
        for text in [
            "ok\n",
            "failure 3\n",
            "failure -7\nbad input\n",
            "failure 1\ntwo\nlines\n\n",
            "fault fuel_exhausted\n",
            "reject import_unknown\n",
            "refused capability_not_granted\n",
        ] {
            let ending = Ending::parse(text.as_bytes()).unwrap();
            assert_eq!(ending.render(), text.as_bytes(), "{text:?}");
        }
        assert_eq!(Ending::parse(b"ok"), Ok(Ending::Ok));
        assert_eq!(Ending::parse(b"ok\r\n"), Ok(Ending::Ok));
    }

    #[test]
    fn what_is_no_ending_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("OK", 1),
            ("ok 1", 1),
            ("failure", 1),
            ("failure 0", 1),
            ("failure 99999999999", 1),
            ("fault import_unknown", 1),
            ("reject capability_not_granted", 1),
            ("refused import_unknown", 1),
            ("reject  import_unknown", 1),
            ("\u{feff}ok", 1),
            ("ok\nmessage", 2),
            ("fault fuel_exhausted\n\n", 2),
        ] {
            assert_eq!(
                Ending::parse(text.as_bytes()).map_err(|(line, _)| line),
                Err(line),
                "{text:?}"
            );
        }
        assert!(Ending::parse(&[0xff; 40]).is_err());
    }

    #[test]
    fn a_message_is_compared_only_where_one_is_expected() {
        let actual = Ending::Failure {
            code: 3,
            message: Some(b"why".to_vec()),
        };
        for (expected, accepts) in [
            ("failure 3\n", true),
            ("failure 3\nwhy\n", true),
            ("failure 3\nwhy not\n", false),
            ("failure 4\n", false),
            ("ok\n", false),
        ] {
            let expected = Ending::parse(expected.as_bytes()).unwrap();
            assert_eq!(expected.accepts(&actual), accepts, "{expected:?}");
        }
    }
}
