//! Events to nodes, without recursion and within the limits.

use std::collections::HashMap;
use std::mem;

use saphyr_parser::{Event, ScalarStyle, Span, Tag};
use tenzik_capsule::escaped;

use crate::place::{Place, Problem};

use super::node::{Data, Key, Node, Scalar, ScalarValue};
use super::origin::{origin, place};
use super::refusal::{key, meaningless, refused_tag};
use super::scalar::{Meaningless, plain, tagged};
use super::source::Source;
use super::{NESTING_MAX, NODES_MAX, PROBLEMS_MAX, SCALAR_BYTES_MAX, SCALARS_BYTES_MAX, limit};

const SPLIT: &str = "split the scenario, or move data into files that steps read";

/// The state between events.
pub(super) struct Builder<'t> {
    pub(super) problems: Vec<Problem>,
    source: Source<'t>,
    root: Option<Node>,
    documents: usize,
    open: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
    size: Size,
}

/// How much there is, aliases counted as what they stand for.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    /// Lists and maps inside of each other.
    height: usize,
}

/// What an anchor stands for.
struct Anchor {
    node: Node,
    size: Size,
}

/// A list or map that is not at its end yet.
struct Frame {
    place: Place,
    anchor: usize,
    children: Children,
    /// What there was before it.
    before: Size,
    /// The highest of its children.
    height: usize,
}

enum Children {
    List(Vec<Node>),
    Map(Vec<(Key, Node)>, Next),
}

/// What a map waits for.
enum Next {
    Key,
    Value(Key),
    /// The value of a key that was refused.
    Nothing,
}

impl<'t> Builder<'t> {
    /// Nothing yet, of a text.
    pub(super) fn new(text: &'t str) -> Builder<'t> {
        Builder {
            problems: Vec::new(),
            source: Source::new(text),
            root: None,
            documents: 0,
            open: Vec::new(),
            anchors: HashMap::new(),
            size: Size::default(),
        }
    }

    /// Takes an event. An error ends reading; other problems are in `problems`.
    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let at = place(&span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.document(at),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => {
                let has_properties = anchor > 0 || tag.is_some();
                let start = match has_properties {
                    true => self.source.behind_properties(span.start, style, &text),
                    false => span.start,
                };
                let span = Span::new(start, span.end);
                let node = self.scalar(&text, style, tag.as_deref(), span)?;
                self.size.bytes += text.len();
                let size = Size {
                    nodes: 1,
                    bytes: text.len(),
                    height: 0,
                };
                self.add(node, anchor, size)
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", at);
                self.begin(at, anchor, Children::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", at);
                self.begin(at, anchor, Children::Map(Vec::new(), Next::Key))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    /// The tree, or what is wrong.
    pub(super) fn finish(mut self) -> Result<Node, Vec<Problem>> {
        if !self.problems.is_empty() {
            self.problems.sort_by_key(|problem| problem.place);
            self.problems.truncate(PROBLEMS_MAX);
            return Err(self.problems);
        }
        self.root.ok_or_else(|| {
            let place = Place { line: 1, column: 1 };
            let message = "the scenario is empty";
            vec![Problem::new(
                place,
                "yaml_empty",
                message,
                "begin with version: 1",
            )]
        })
    }

    fn document(&mut self, at: Place) -> Result<(), Problem> {
        self.documents += 1;
        match self.documents {
            1 => Ok(()),
            _ => Err(Problem::new(
                at,
                "yaml_documents",
                "a second document begins here; a scenario is one document",
                "remove the line ---, or put what follows in a file of its own",
            )),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Node, Problem> {
        let at = place(&span.start);
        if text.len() > SCALAR_BYTES_MAX {
            let message = format!(
                "a text has {} bytes; at most {SCALAR_BYTES_MAX} are read",
                text.len()
            );
            return Err(limit(at, message, "move it into a file that a step reads"));
        }
        let meaning = match (tag, style) {
            (Some(tag), _) if tag.is_yaml_core_schema() => tagged(&tag.suffix, text),
            (Some(_), _) => Err(Meaningless::Tag),
            (None, ScalarStyle::Plain) => plain(text),
            (None, _) => Ok(ScalarValue::Text),
        };
        let value = meaning.unwrap_or_else(|why| {
            self.problems.push(meaningless(why, text, tag, at));
            ScalarValue::Text
        });
        Ok(Node {
            place: at,
            data: Data::Scalar(Scalar {
                value,
                text: text.into(),
                origin: origin(text, style, span),
                is_plain: style == ScalarStyle::Plain,
                unfolded: self.source.unfolded(style, span).map(Box::new),
            }),
        })
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, core: &str, at: Place) {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == core)
        {
            self.problems.push(refused_tag(tag, at));
        }
    }

    fn begin(&mut self, at: Place, anchor: usize, children: Children) -> Result<(), Problem> {
        self.nesting(at, 1)?;
        self.open.push(Frame {
            place: at,
            anchor,
            children,
            before: self.size,
            height: 0,
        });
        self.size.nodes += 1;
        self.within(at)
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        let data = match frame.children {
            Children::List(items) => Data::List(items.into()),
            Children::Map(entries, _) => {
                self.duplicates(&entries);
                Data::Map(entries.into())
            }
        };
        let size = Size {
            nodes: self.size.nodes - frame.before.nodes,
            bytes: self.size.bytes - frame.before.bytes,
            height: frame.height + 1,
        };
        // The node itself was counted when it began.
        self.size.nodes -= 1;
        let node = Node {
            place: frame.place,
            data,
        };
        self.add(node, frame.anchor, size)
    }

    fn alias(&mut self, anchor: usize, at: Place) -> Result<(), Problem> {
        let Some(Anchor { node, size }) = self.anchors.get(&anchor) else {
            return Err(Problem::new(
                at,
                "yaml_alias",
                "the alias stands inside of what it stands for",
                "write it out, without the alias",
            ));
        };
        let (node, size) = (node.clone(), *size);
        self.nesting(at, size.height)?;
        // `add` counts one node.
        self.size.nodes += size.nodes - 1;
        self.size.bytes += size.bytes;
        self.within(at)?;
        self.add(node, 0, size)
    }

    /// Puts a node, of which all but one are counted, where it belongs.
    fn add(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), Problem> {
        self.size.nodes += 1;
        self.within(node.place)?;
        if anchor > 0 {
            let node = node.clone();
            self.anchors.insert(anchor, Anchor { node, size });
        }
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.height = frame.height.max(size.height);
        match &mut frame.children {
            Children::List(items) => items.push(node),
            Children::Map(entries, next) => match mem::replace(next, Next::Key) {
                Next::Value(key) => entries.push((key, node)),
                Next::Nothing => {}
                Next::Key => match key(&node) {
                    Ok(key) => *next = Next::Value(key),
                    Err(problem) => {
                        *next = Next::Nothing;
                        self.problems.push(problem);
                    }
                },
            },
        }
        Ok(())
    }

    fn nesting(&self, at: Place, more: usize) -> Result<(), Problem> {
        match self.open.len() + more > NESTING_MAX {
            true => Err(limit(
                at,
                format!("lists and maps are nested more than {NESTING_MAX} deep"),
                "nest less deep",
            )),
            false => Ok(()),
        }
    }

    fn within(&self, at: Place) -> Result<(), Problem> {
        if self.size.nodes > NODES_MAX {
            let message = format!(
                "the scenario has more than {NODES_MAX} values, aliases counted as what they stand for"
            );
            return Err(limit(at, message, SPLIT));
        }
        if self.size.bytes > SCALARS_BYTES_MAX {
            let message = format!(
                "the texts of the scenario have more than {SCALARS_BYTES_MAX} bytes, aliases counted \
                 as what they stand for"
            );
            return Err(limit(at, message, SPLIT));
        }
        Ok(())
    }

    /// Says of each key but the first of its text where the first is.
    fn duplicates(&mut self, entries: &[(Key, Node)]) {
        let mut keys: Vec<&Key> = entries.iter().map(|(key, _)| key).collect();
        // A stable sort: equal keys stay in the order of the text.
        keys.sort_by(|left, right| left.text.cmp(&right.text));
        for same in keys.chunk_by(|left, right| left.text == right.text) {
            let Some((first, others)) = same.split_first() else {
                continue;
            };
            for other in others.iter().take(PROBLEMS_MAX) {
                self.problems.push(Problem::new(
                    other.place,
                    "duplicate_key",
                    format!(
                        "the key {} is already at {}",
                        escaped(&other.text),
                        first.place
                    ),
                    "remove or rename one of them",
                ));
            }
        }
    }
}
