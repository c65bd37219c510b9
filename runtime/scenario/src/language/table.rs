//! What a table of keys is made of.

use crate::scenario::BodyKind;

/// The keys of one kind of map.
pub(crate) struct Table {
    /// What the map is called in messages, and in the schema.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) doc: &'static str,
    /// Its keys, in the order of the documentation.
    pub(crate) keys: &'static [KeySpec],
    /// Whether it may have other keys: the parameters of a tool.
    pub(crate) is_open: bool,
}

/// One key.
pub(crate) struct KeySpec {
    /// The key.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// What it is for: sentences.
    pub(crate) doc: &'static str,
    /// Whether it has to be there.
    pub(crate) is_required: bool,
    /// What holds if it is not there, as JSON; nothing if there is no such value.
    pub(crate) default: &'static str,
    /// An example, as JSON; nothing if the default or the words say it all.
    pub(crate) example: &'static str,
    /// The kinds of steps that may have it, if it is the key of a step.
    pub(crate) kinds: Kinds,
}

/// What a key holds.
pub(crate) enum Kind {
    /// The number 1.
    Version,
    /// A text without expressions.
    Text,
    /// The name of a scenario.
    ScenarioName,
    /// A name.
    Name,
    /// The name of a step or group that is elsewhere; default names have dots.
    Reference,
    /// A name that expressions use without quotes: no `-` in it.
    Binding,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer { min: u64, max: u64 },
    /// A number.
    Number { min: f64, max: f64 },
    /// A duration, in milliseconds.
    Duration { min_ms: u64, max_ms: u64 },
    /// One of these.
    Words(&'static [Word]),
    /// An expression, bare or as `${{ }}`.
    Expression,
    /// A text with expressions in it.
    Template,
    /// A text with expressions in it; numbers and truth values are texts as they are written.
    Argument,
    /// Anything, with expressions in its texts.
    Value,
    /// Anything, without expressions.
    Literal,
    /// Limits by their names.
    Limits,
    /// A list.
    List(&'static Kind),
    /// A list of at least one.
    Some(&'static Kind),
    /// A map with names as keys.
    Map(&'static Kind),
    /// A map with these keys.
    Object(&'static Table),
    /// The steps of a block.
    Steps,
    /// One of several.
    Any(&'static [Kind]),
}

/// One of the texts that a key may hold.
pub(crate) struct Word {
    /// The text.
    pub(crate) word: &'static str,
    /// What it means.
    pub(crate) doc: &'static str,
}

/// Kinds of steps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u16);

impl Kinds {
    /// All of them.
    pub(crate) const ALL: Kinds = Kinds(u16::MAX);
    /// Those that are done by jobs.
    pub(crate) const JOBS: Kinds = Kinds::of(&[
        BodyKind::Secret,
        BodyKind::Run,
        BodyKind::Exec,
        BodyKind::Scan,
        BodyKind::Report,
    ]);
    /// Those that run a capsule.
    pub(crate) const CAPSULES: Kinds = Kinds::of(&[BodyKind::Run, BodyKind::Exec, BodyKind::Scan]);
    /// Those that use a policy.
    pub(crate) const GRANTED: Kinds = Kinds::of(&[
        BodyKind::Secret,
        BodyKind::Run,
        BodyKind::Exec,
        BodyKind::Scan,
    ]);

    /// These.
    pub(crate) const fn of(kinds: &[BodyKind]) -> Kinds {
        let mut bits = 0;
        let mut index = 0;
        while index < kinds.len() {
            bits |= 1 << (kinds[index] as u16);
            index += 1;
        }
        Kinds(bits)
    }

    /// Whether they are all.
    pub(crate) const fn is_all(self) -> bool {
        self.0 == Kinds::ALL.0
    }

    /// Whether a kind is among them.
    pub(crate) const fn has(self, kind: BodyKind) -> bool {
        self.0 & (1 << (kind as u16)) != 0
    }
}

impl Kind {
    /// The range of numbers and durations, in words.
    pub(crate) fn range(&self) -> Option<String> {
        match self {
            Kind::Integer { min, max: u64::MAX } => Some(format!("at least {min}")),
            Kind::Integer { min, max } => Some(format!("{min} to {max}")),
            Kind::Number { min, max } => Some(format!("{min} to {max}")),
            Kind::Duration { min_ms, max_ms } => {
                Some(format!("{} to {}", shown_ms(*min_ms), shown_ms(*max_ms)))
            }
            Kind::Any(kinds) => kinds.first().and_then(Kind::range),
            _ => None,
        }
    }
}

/// A duration in the largest unit that is exact.
fn shown_ms(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "days"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
    ];
    UNITS
        .iter()
        .find(|(unit, _)| ms > *unit && ms.is_multiple_of(*unit))
        .map_or_else(
            || format!("{ms} ms"),
            |(unit, name)| format!("{} {name}", ms / unit),
        )
}

impl Table {
    /// The key of this name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static KeySpec> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl KeySpec {
    /// An optional key without default.
    pub(crate) const fn new(name: &'static str, kind: Kind, doc: &'static str) -> KeySpec {
        KeySpec {
            name,
            kind,
            doc,
            is_required: false,
            default: "",
            example: "",
            kinds: Kinds::ALL,
        }
    }

    /// The same, required.
    pub(crate) const fn required(self) -> KeySpec {
        KeySpec {
            is_required: true,
            ..self
        }
    }

    /// The same with a default, as JSON.
    pub(crate) const fn or(self, default: &'static str) -> KeySpec {
        KeySpec { default, ..self }
    }

    /// The same with an example, as JSON.
    pub(crate) const fn such_as(self, example: &'static str) -> KeySpec {
        KeySpec { example, ..self }
    }

    /// The same for some kinds of steps.
    pub(crate) const fn of(self, kinds: Kinds) -> KeySpec {
        KeySpec { kinds, ..self }
    }
}
