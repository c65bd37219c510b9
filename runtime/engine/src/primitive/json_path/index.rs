//! Reads a JSON text (RFC 8259) into a [`Document`], strictly and without recursion.

use tenzik_host_abi::Status;

use super::document::{DEPTH_MAX, Document, Level, Node, NodeId, Shape};
use super::lexeme;

/// Reads `json`, which is shorter than 4 GiB. The time is linear in its length; the memory is at
/// most nine times its length.
///
/// # Errors
/// [`Status::TooDeep`] and [`Status::InvalidJson`].
pub(super) fn index(json: &[u8]) -> Result<Document, Status> {
    let nodes_max = outline(json)?;
    let source = std::str::from_utf8(json).map_err(|_| Status::InvalidJson)?;
    let mut indexer = Indexer {
        source,
        at: 0,
        copied: 0,
        removed: 0,
        open: Vec::with_capacity(DEPTH_MAX),
        document: Document {
            text: String::with_capacity(source.len()),
            nodes: Vec::with_capacity(nodes_max),
            shape: Shape {
                levels: [Level::default(); DEPTH_MAX + 2],
                children_max: 0,
                name_bytes_max: 0,
                number_bytes_max: 0,
            },
        },
    };
    indexer.document().ok_or(Status::InvalidJson)?;
    Ok(indexer.document)
}

/// How many values `json` has at most. Only looks for brackets and commas outside of strings.
fn outline(json: &[u8]) -> Result<usize, Status> {
    let (mut depth, mut values, mut at) = (0usize, 1usize, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at = string_skipped(json, at),
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth > DEPTH_MAX {
                    return Err(Status::TooDeep);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        at += 1;
    }
    // The smallest text of n values has 2n - 1 bytes.
    Ok(values.min(json.len().div_ceil(2)))
}

/// The place of the quotation mark that ends the string at `start`.
fn string_skipped(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// An array or object whose end was not read yet.
struct Open {
    id: NodeId,
    children: u64,
    is_object: bool,
}

struct Indexer<'a> {
    source: &'a str,
    at: usize,
    /// Everything before was copied to the compact text, or was white space.
    copied: usize,
    /// The white space so far, in bytes.
    removed: usize,
    open: Vec<Open>,
    document: Document,
}

/// `None` always means that the text is not well-formed.
impl Indexer<'_> {
    fn document(&mut self) -> Option<()> {
        self.value()?;
        while let Some(open) = self.open.last_mut() {
            let is_first = open.children == 0;
            let is_object = open.is_object;
            match self.peek()? {
                b']' if !is_object => self.close(),
                b'}' if is_object => self.close(),
                b',' if !is_first => {
                    self.at += 1;
                    self.child(is_object)?;
                }
                _ if is_first => self.child(is_object)?,
                _ => return None,
            }
        }
        self.skip_whitespace();
        self.copy();
        (self.at == self.source.len()).then_some(())
    }

    fn child(&mut self, is_member: bool) -> Option<()> {
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
        }
        if !is_member {
            return self.value();
        }
        if self.peek()? != b'"' {
            return None;
        }
        let name = self.position();
        let end = lexeme::string_end(self.source.as_bytes(), self.at)?;
        let shape = &mut self.document.shape;
        shape.name_bytes_max = shape.name_bytes_max.max((end - self.at) as u64);
        self.at = end;
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        let first = self.peek()?;
        self.value_named(name, first)
    }

    fn value(&mut self) -> Option<()> {
        let first = self.peek()?;
        self.value_named(self.position(), first)
    }

    /// Reads the value that begins with `first`.
    fn value_named(&mut self, name: u32, first: u8) -> Option<()> {
        let start = self.position();
        let id = self.document.nodes.len() as NodeId;
        if matches!(first, b'[' | b'{') {
            self.at += 1;
            self.open.push(Open {
                id,
                children: 0,
                is_object: first == b'{',
            });
            self.document.nodes.push(Node {
                name,
                start,
                end: start,
                after: id,
            });
            return Some(());
        }
        let bytes = self.source.as_bytes();
        let end = match first {
            b'"' => lexeme::string_end(bytes, self.at)?,
            b'-' | b'0'..=b'9' => lexeme::number_end(bytes, self.at)?,
            _ => lexeme::literal_end(bytes, self.at)?,
        };
        let length = (end - self.at) as u64;
        self.at = end;
        self.document.nodes.push(Node {
            name,
            start,
            end: self.position(),
            after: id + 1,
        });
        let shape = &mut self.document.shape;
        if matches!(first, b'-' | b'0'..=b'9') {
            shape.number_bytes_max = shape.number_bytes_max.max(length);
        }
        let level = &mut shape.levels[self.open.len()];
        level.nodes += 1;
        level.scalar_bytes += length;
        level.bytes += length;
        Some(())
    }

    /// Ends the innermost array or object.
    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.at += 1;
        let (end, after) = (self.position(), self.document.nodes.len() as NodeId);
        let node = &mut self.document.nodes[open.id as usize];
        node.end = end;
        node.after = after;
        let shape = &mut self.document.shape;
        shape.children_max = shape.children_max.max(open.children);
        let level = &mut shape.levels[self.open.len()];
        level.nodes += 1;
        level.bytes += u64::from(end - node.start);
    }

    /// The place in the compact text of what comes next.
    fn position(&self) -> u32 {
        (self.at - self.removed) as u32
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let byte = self.source.as_bytes().get(self.at).copied()?;
        if !lexeme::is_whitespace(byte) {
            return Some(byte);
        }
        self.skip_whitespace();
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip_whitespace(&mut self) {
        self.copy();
        let rest = self.source.as_bytes().iter().skip(self.at);
        self.at += rest
            .take_while(|byte| lexeme::is_whitespace(**byte))
            .count();
        self.removed += self.at - self.copied;
        self.copied = self.at;
    }

    fn copy(&mut self) {
        self.document
            .text
            .push_str(self.source.get(self.copied..self.at).unwrap_or_default());
        self.copied = self.at;
    }
}

#[cfg(test)]
mod tests;
