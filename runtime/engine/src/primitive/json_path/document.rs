//! A JSON document as its compact text and one flat list of its values.

use super::text::Text;

/// A value's place in the list.
pub(super) type NodeId = u32;

/// The value that everything else is inside of.
pub(super) const ROOT: NodeId = 0;

/// The deepest nesting of arrays and objects that is accepted.
pub(super) const DEPTH_MAX: usize = 128;

/// One value of a document. Positions are those of bytes in the compact text.
///
/// ```text
///      name    start          end
///      v       v              v
/// ..., "member":["the","value"], ...
/// ```
///
/// Values stand in the list in the order of their text, so everything inside of a value follows
/// it at once and `after` names the first value behind that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) name: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) after: NodeId,
}

/// What kind of value it is. RFC 9535 section 1.1 has the first four as primitive values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number,
    Text,
    Array,
    Object,
}

/// What the bound of a query's work is computed from: sums over all values of one nesting depth.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Level {
    /// How many values there are.
    pub(super) nodes: u64,
    /// The bytes of those that are neither arrays nor objects.
    pub(super) scalar_bytes: u64,
    /// The bytes of all.
    pub(super) bytes: u64,
}

/// [`Level`]s by depth, the root's first, and an empty one behind the deepest, and the longest
/// things in the document.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) levels: [Level; DEPTH_MAX + 2],
    pub(super) children_max: u64,
    pub(super) name_bytes_max: u64,
    pub(super) number_bytes_max: u64,
}

/// A well-formed JSON text without insignificant white space, and its values.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) nodes: Vec<Node>,
    pub(super) shape: Shape,
}

impl Document {
    pub(super) fn kind(&self, id: NodeId) -> Kind {
        match self.text.as_bytes().get(self.node(id).start as usize) {
            Some(b'n') => Kind::Null,
            Some(b't') => Kind::Bool(true),
            Some(b'f') => Kind::Bool(false),
            Some(b'"') => Kind::Text,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            _ => Kind::Number,
        }
    }

    /// The value as it was written, without insignificant white space.
    pub(super) fn source(&self, id: NodeId) -> &str {
        let node = self.node(id);
        self.slice(node.start, node.end)
    }

    /// The string of a value of kind [`Kind::Text`].
    pub(super) fn string(&self, id: NodeId) -> Text<'_> {
        let node = self.node(id);
        Text::escaped(self.slice(node.start + 1, node.end - 1))
    }

    /// The name of a member of an object; an empty one for any other value.
    pub(super) fn name(&self, id: NodeId) -> Text<'_> {
        let node = self.node(id);
        Text::escaped(self.slice(node.name + 1, node.start.saturating_sub(2)))
    }

    /// The elements or member values, in the order of their text.
    pub(super) fn children(&self, id: NodeId) -> Children<'_> {
        Children {
            document: self,
            next: id + 1,
            after: self.node(id).after,
        }
    }

    /// The value itself and everything inside of it, in the order of their text.
    pub(super) fn descendants(&self, id: NodeId) -> std::ops::Range<NodeId> {
        id..self.node(id).after
    }

    /// Every id comes from the list itself, so the index is never out of range.
    fn node(&self, id: NodeId) -> Node {
        self.nodes[id as usize]
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// The elements of an array or the member values of an object.
#[derive(Clone)]
pub(super) struct Children<'a> {
    document: &'a Document,
    next: NodeId,
    after: NodeId,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next;
        if id >= self.after {
            return None;
        }
        self.next = self.document.node(id).after;
        Some(id)
    }
}
