//! Templates of arguments and their holes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use tenzik_capsule::escaped;
use toml::Spanned;

use super::place::{PolicyError, Reader};
use super::raw::{RawExec, RawHole};
use crate::hole::{ArgumentPattern, Hole, HoleKind, TextPattern};
use crate::hostname;
use crate::keys::{LIST_MAX, LONG_LIST_MAX, MAX_BYTES, MAX_COUNT, MAX_PORTS, TEXT_BYTES_MAX};
use crate::path::is_below;

type Texts = Spanned<Vec<Spanned<String>>>;

/// What holes of a rule may refer to.
pub(super) struct Surroundings<'a> {
    pub(super) has_targets: bool,
    /// All trees that the program sees.
    pub(super) trees: &'a [&'a PathBuf],
}

/// The template of a rule. Every hole is defined once and used.
pub(super) fn template(
    reader: &Reader<'_>,
    raw: &RawExec,
    around: &Surroundings<'_>,
) -> Result<Vec<ArgumentPattern>, PolicyError> {
    if let Some((beyond, _)) = raw.holes.iter().nth(LIST_MAX) {
        let message = format!("the rule has {} holes", raw.holes.len());
        let remedy = format!("at most {LIST_MAX} are accepted");
        return Err(reader.wrong(&beyond.span(), message, remedy));
    }
    let mut holes = BTreeMap::new();
    for (name, hole) in &raw.holes {
        holes.insert(
            reader.name(name, "a hole")?,
            definition(reader, name, hole, around)?,
        );
    }
    let mut used = BTreeSet::new();
    let mut patterns = Vec::new();
    if let Some(args) = &raw.args {
        reader.at_most(args, LONG_LIST_MAX, "args")?;
        for element in args.get_ref() {
            patterns.push(pattern(reader, element, &holes, &mut used)?);
        }
        one_takes_many(reader, args, &patterns)?;
    }
    match raw
        .holes
        .iter()
        .find(|(name, _)| !used.contains(name.get_ref()))
    {
        Some((name, _)) => Err(reader.wrong(
            &name.span(),
            format!("no argument has the hole {}", name.get_ref()),
            "use it in args, or remove it",
        )),
        None => max_count_is_used(reader, raw, &patterns).map(|()| patterns),
    }
}

/// A second element of that kind would make it a matter of taste which argument belongs to which.
fn one_takes_many(
    reader: &Reader<'_>,
    args: &Texts,
    patterns: &[ArgumentPattern],
) -> Result<(), PolicyError> {
    let takes_many = |pattern: &ArgumentPattern| {
        pattern
            .hole
            .as_ref()
            .is_some_and(|hole| hole.count_max.is_some())
    };
    let many = args
        .get_ref()
        .iter()
        .zip(patterns)
        .filter(|(_, pattern)| takes_many(pattern));
    match many.map(|(element, _)| element).nth(1) {
        Some(second) => Err(reader.wrong(
            &second.span(),
            "a second element takes more than one argument",
            "write ... in one hole of args only",
        )),
        None => Ok(()),
    }
}

fn max_count_is_used(
    reader: &Reader<'_>,
    raw: &RawExec,
    patterns: &[ArgumentPattern],
) -> Result<(), PolicyError> {
    for (name, hole) in &raw.holes {
        let Some(max_count) = &hole.get_ref().max_count else {
            continue;
        };
        let takes_many = patterns
            .iter()
            .filter_map(|pattern| pattern.hole.as_ref())
            .any(|hole| hole.name == *name.get_ref() && hole.count_max.is_some());
        if !takes_many {
            return Err(reader.wrong(
                &max_count.span(),
                format!("the hole {} takes one argument", name.get_ref()),
                format!(
                    "write {{{}...}} in args, or remove max_count",
                    name.get_ref()
                ),
            ));
        }
    }
    Ok(())
}

/// Reads one element: text with at most one hole, braces doubled.
fn pattern(
    reader: &Reader<'_>,
    raw: &Spanned<String>,
    holes: &BTreeMap<String, Hole>,
    used: &mut BTreeSet<String>,
) -> Result<ArgumentPattern, PolicyError> {
    let text = raw.get_ref();
    let wrong = |message: String, remedy: &str| {
        Err(reader.wrong(&raw.span(), format!("{}: {message}", escaped(text)), remedy))
    };
    plain(reader, raw, TEXT_BYTES_MAX)?;
    let (mut prefix, mut suffix, mut hole) = (String::new(), String::new(), None);
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        let literal = if hole.is_none() {
            &mut prefix
        } else {
            &mut suffix
        };
        literal.push_str(before);
        if let Some(behind) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            literal.push_str(&from[..1]);
            rest = behind;
            continue;
        }
        let inner = from.strip_prefix('{').and_then(|from| from.split_once('}'));
        let Some((inner, behind)) = inner else {
            return wrong(
                "a brace stands alone".to_owned(),
                "write {{ or }} for a brace",
            );
        };
        if hole.is_some() {
            return wrong(
                "it has two holes".to_owned(),
                "write one hole in each element",
            );
        }
        let name = inner.strip_suffix("...").unwrap_or(inner);
        let Some(found) = holes.get(name) else {
            let message = format!("the hole {} is not defined", escaped(name));
            return wrong(
                message,
                "define it as [exec.holes.NAME], or write {{ for a brace",
            );
        };
        used.insert(name.to_owned());
        let count_max = found.count_max.filter(|_| inner.len() != name.len());
        hole = Some(Hole {
            count_max,
            ..found.clone()
        });
        rest = behind;
    }
    if hole.is_none() {
        &mut prefix
    } else {
        &mut suffix
    }
    .push_str(rest);
    Ok(ArgumentPattern {
        prefix,
        hole,
        suffix,
    })
}

/// Refuses control characters and texts that are too long.
fn plain(reader: &Reader<'_>, raw: &Spanned<String>, max: usize) -> Result<(), PolicyError> {
    let text = raw.get_ref();
    if text.len() > max {
        let message = format!("the text has {} bytes", text.len());
        return Err(reader.wrong(&raw.span(), message, format!("at most {max} are accepted")));
    }
    if text.chars().any(char::is_control) {
        let message = format!("{} holds a control character", escaped(text));
        return Err(reader.wrong(&raw.span(), message, "write text of one line without tabs"));
    }
    Ok(())
}

/// The keys of a hole that belong to one type.
const TYPE_KEYS: [(&str, &[&str]); 7] = [
    ("integer", &["min", "max"]),
    ("ports", &["max"]),
    ("address", &[]),
    ("hostname", &["names"]),
    ("enum", &["values"]),
    ("path", &["below"]),
    ("text", &["pattern", "max_bytes"]),
];

/// A hole as if it were written with dots.
fn definition(
    reader: &Reader<'_>,
    name: &Spanned<String>,
    raw: &Spanned<RawHole>,
    around: &Surroundings<'_>,
) -> Result<Hole, PolicyError> {
    let hole = raw.get_ref();
    let known = TYPE_KEYS
        .iter()
        .find(|(known, _)| known == hole.r#type.get_ref());
    let Some((kind, keys)) = known else {
        return Err(reader.wrong(
            &hole.r#type.span(),
            format!("there is no type {}", escaped(hole.r#type.get_ref())),
            "write integer, ports, address, hostname, enum, path or text",
        ));
    };
    for (key, span) in written_keys(hole) {
        if !keys.contains(&key) {
            let message = format!("a hole of the type {kind} has no key {key}");
            return Err(reader.wrong(&span, message, "remove it, or choose another type"));
        }
    }
    let count_max = reader.amount_or(hole.max_count.as_ref(), &MAX_COUNT, "max_count")?;
    Ok(Hole {
        name: name.get_ref().clone(),
        kind: kind_of(reader, kind, name, hole, around)?,
        count_max: Some(u32::try_from(count_max).unwrap_or(u32::MAX)),
        option: hole.option,
    })
}

fn written_keys(hole: &RawHole) -> Vec<(&'static str, Range<usize>)> {
    let spans = [
        ("min", hole.min.as_ref().map(Spanned::span)),
        ("max", hole.max.as_ref().map(Spanned::span)),
        ("names", hole.names.as_ref().map(Spanned::span)),
        ("values", hole.values.as_ref().map(Spanned::span)),
        ("below", hole.below.as_ref().map(Spanned::span)),
        ("pattern", hole.pattern.as_ref().map(Spanned::span)),
        ("max_bytes", hole.max_bytes.as_ref().map(Spanned::span)),
    ];
    spans
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
        .collect()
}

fn kind_of(
    reader: &Reader<'_>,
    kind: &str,
    name: &Spanned<String>,
    hole: &RawHole,
    around: &Surroundings<'_>,
) -> Result<HoleKind, PolicyError> {
    match kind {
        "integer" => integer(reader, name, hole),
        "ports" => ports(reader, hole),
        "address" if around.has_targets => Ok(HoleKind::Address),
        "address" => Err(reader.wrong(
            &hole.r#type.span(),
            "no address fits: the rule has no targets",
            "add targets to the rule",
        )),
        "hostname" => {
            let names = required(reader, name, hole.names.as_ref(), "names")?;
            Ok(HoleKind::Hostname {
                names: hostnames(reader, names)?,
            })
        }
        "enum" => {
            let values = required(reader, name, hole.values.as_ref(), "values")?;
            Ok(HoleKind::Enum {
                values: enum_values(reader, values, hole.option)?,
            })
        }
        "path" => below(
            reader,
            required(reader, name, hole.below.as_ref(), "below")?,
            around,
        ),
        _ => text(reader, name, hole),
    }
}

fn required<'h, T>(
    reader: &Reader<'_>,
    name: &Spanned<String>,
    value: Option<&'h T>,
    key: &str,
) -> Result<&'h T, PolicyError> {
    value.ok_or_else(|| {
        let message = format!("the hole {} lacks the key {key}", name.get_ref());
        reader.wrong(&name.span(), message, format!("add {key}"))
    })
}

fn integer(
    reader: &Reader<'_>,
    name: &Spanned<String>,
    hole: &RawHole,
) -> Result<HoleKind, PolicyError> {
    let max = required(reader, name, hole.max.as_ref(), "max")?;
    let min = hole.min.as_ref().map_or(0, |min| *min.get_ref());
    if min > *max.get_ref() {
        let message = format!("no integer fits: min {min} is above max {}", max.get_ref());
        return Err(reader.wrong(&max.span(), message, "write a max that is not below min"));
    }
    if min < 0 && !hole.option {
        let message = format!("an integer of at least {min} may begin with -, which no value may");
        return Err(reader.wrong(&name.span(), message, "write min = 0, or option = true"));
    }
    Ok(HoleKind::Integer {
        min,
        max: *max.get_ref(),
    })
}

fn ports(reader: &Reader<'_>, hole: &RawHole) -> Result<HoleKind, PolicyError> {
    let max = hole.max.as_ref();
    let count = max.map_or(Some(MAX_PORTS.max), |max| {
        u64::try_from(*max.get_ref()).ok()
    });
    let in_range = count.filter(|count| (MAX_PORTS.min..=MAX_PORTS.max).contains(count));
    match in_range.and_then(|count| u32::try_from(count).ok()) {
        Some(ports_max) => Ok(HoleKind::Ports { ports_max }),
        None => Err(reader.wrong(
            &max.map_or(0..0, Spanned::span),
            "max is out of range",
            format!("write {}", MAX_PORTS.range()),
        )),
    }
}

fn hostnames(reader: &Reader<'_>, names: &Texts) -> Result<Vec<String>, PolicyError> {
    list(reader, names, "names", |name| {
        let text = name.get_ref();
        hostname::check(text.strip_prefix("*.").unwrap_or(text)).map_err(|why| {
            let message = format!("{} is refused: {why}", escaped(text));
            reader.wrong(
                &name.span(),
                message,
                "write www.example.org or *.example.org",
            )
        })
    })
}

fn enum_values(
    reader: &Reader<'_>,
    values: &Texts,
    option: bool,
) -> Result<Vec<String>, PolicyError> {
    list(reader, values, "values", |value| {
        plain(reader, value, TEXT_BYTES_MAX)?;
        let refuse = |why: &str, remedy: &str| {
            let message = format!("{} {why}", escaped(value.get_ref()));
            Err(reader.wrong(&value.span(), message, remedy))
        };
        match value.get_ref().as_str() {
            "" => refuse("never fits: values are not empty", "remove it"),
            hyphen if hyphen.starts_with('-') && !option => refuse(
                "begins with -",
                "write option = true if it is meant as an option",
            ),
            _ => Ok(()),
        }
    })
}

/// A list that is not empty, without repetitions.
fn list(
    reader: &Reader<'_>,
    texts: &Texts,
    key: &str,
    check: impl Fn(&Spanned<String>) -> Result<(), PolicyError>,
) -> Result<Vec<String>, PolicyError> {
    reader.at_most(texts, LONG_LIST_MAX, key)?;
    if texts.get_ref().is_empty() {
        return Err(reader.wrong(
            &texts.span(),
            format!("{key} is empty: nothing fits"),
            "add one",
        ));
    }
    let mut seen = BTreeSet::new();
    for text in texts.get_ref() {
        check(text)?;
        if !seen.insert(text.get_ref()) {
            return Err(reader.twice(&text.span(), &escaped(text.get_ref())));
        }
    }
    Ok(texts
        .get_ref()
        .iter()
        .map(|text| text.get_ref().clone())
        .collect())
}

fn below(
    reader: &Reader<'_>,
    raw: &Spanned<String>,
    around: &Surroundings<'_>,
) -> Result<HoleKind, PolicyError> {
    let below = reader.path(raw, "below")?;
    match around.trees.iter().any(|tree| is_below(&below, tree)) {
        true => Ok(HoleKind::Path { below }),
        false => Err(reader.wrong(
            &raw.span(),
            format!("{} lies in no tree of the rule", escaped(raw.get_ref())),
            "add a tree that holds it to read or write",
        )),
    }
}

fn text(
    reader: &Reader<'_>,
    name: &Spanned<String>,
    hole: &RawHole,
) -> Result<HoleKind, PolicyError> {
    let raw = required(reader, name, hole.pattern.as_ref(), "pattern")?;
    let pattern = TextPattern::new(raw.get_ref()).map_err(|why| {
        let why: Vec<&str> = why.lines().map(str::trim).collect();
        let message = format!(
            "{} is no pattern: {}",
            escaped(raw.get_ref()),
            escaped(&why.join(" "))
        );
        reader.wrong(
            &raw.span(),
            message,
            "write a regular expression of the regex crate",
        )
    })?;
    let bytes_max = match &hole.max_bytes {
        Some(bytes) => reader.amount(bytes, &MAX_BYTES, "max_bytes")?,
        None => MAX_BYTES.default,
    };
    Ok(HoleKind::Text {
        pattern,
        bytes_max: u32::try_from(bytes_max).unwrap_or(u32::MAX),
    })
}
