//! The tools of `scan` that have a capsule of their own.

use crate::scenario::{Parameter, ParameterKind};

use crate::place::Place;

/// A tool that is built in.
pub(super) struct Builtin {
    /// Its name.
    pub(super) name: &'static str,
    /// The capsule that runs it and reads what it writes.
    pub(super) capsule: &'static str,
    /// The name of exec rules.
    pub(super) program: &'static str,
    /// Its parameters: name, what it takes, whether it is required.
    pub(super) parameters: &'static [(&'static str, BuiltinKind, bool)],
    /// Of each of these groups exactly one has to be given.
    pub(super) one_of: &'static [&'static [&'static str]],
    /// What the program is started with, for people.
    pub(super) arguments: &'static str,
}

/// What a parameter of a built-in tool takes.
pub(super) enum BuiltinKind {
    Text,
    Boolean,
    List,
    Choice(&'static [&'static str]),
}

/// All of them.
pub(super) const BUILTIN: &[Builtin] = &[Builtin {
    name: "nmap",
    capsule: "nmap-scan",
    program: "nmap",
    parameters: &[
        ("ports", BuiltinKind::Text, true),
        ("scan", BuiltinKind::Choice(&["connect"]), false),
        ("services", BuiltinKind::Boolean, false),
        ("target", BuiltinKind::Text, false),
        ("targets", BuiltinKind::List, false),
    ],
    one_of: &[&["target", "targets"]],
    arguments: "nmap -sT -n -Pn --unprivileged --noninteractive -oX - -p PORTS TARGET...",
}];

impl Builtin {
    /// Its parameters in the form of those of the table of a scenario.
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        let parameter = |(name, kind, required): &(&str, BuiltinKind, bool)| Parameter {
            name: (*name).to_owned(),
            kind: match kind {
                BuiltinKind::Text => ParameterKind::Text,
                BuiltinKind::Boolean => ParameterKind::Boolean,
                BuiltinKind::List => ParameterKind::List,
                BuiltinKind::Choice(choices) => ParameterKind::Choice(
                    choices.iter().map(|choice| (*choice).to_owned()).collect(),
                ),
            },
            required: *required,
            default: None,
            place: Place::default(),
        };
        self.parameters.iter().map(parameter).collect()
    }
}
