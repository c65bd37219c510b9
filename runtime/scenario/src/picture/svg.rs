//! A few shapes as SVG, every text escaped.

use std::fmt::{Display, Write as _};

use crate::text::markup;

/// The style of all pictures. Pages that show one inside must have it.
pub const STYLE: &str = include_str!("style.css");

/// A length or place in hundredths of a pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hundredths(pub(super) i64);

/// Whole pixels.
pub(super) const fn px(pixels: i64) -> Hundredths {
    Hundredths(pixels.saturating_mul(100))
}

impl Display for Hundredths {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        match rest {
            0 => write!(formatter, "{sign}{whole}"),
            _ if rest % 10 == 0 => write!(formatter, "{sign}{whole}.{}", rest / 10),
            _ => write!(formatter, "{sign}{whole}.{rest:02}"),
        }
    }
}

/// Pixels of a character of the fixed font at 12 pixels, in hundredths.
pub(super) const CHARACTER: i64 = 723;

/// A picture in the making.
pub(super) struct Svg {
    body: String,
}

impl Svg {
    pub(super) fn new() -> Svg {
        Svg {
            body: String::new(),
        }
    }

    /// A rectangle with a tooltip, if there is one.
    pub(super) fn rectangle(
        &mut self,
        (x, y): (Hundredths, Hundredths),
        (width, height): (Hundredths, Hundredths),
        class: &str,
        radius: i64,
        title: Option<&str>,
    ) {
        let _ = write!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" class=\"{class}\""
        );
        match title {
            Some(title) => {
                let title: Vec<String> = title.lines().map(markup).collect();
                let _ = writeln!(self.body, "><title>{}</title></rect>", title.join("\n"));
            }
            None => self.body.push_str("/>\n"),
        }
    }

    /// A text with its left end (or what `anchor` says) at a point.
    pub(super) fn text(
        &mut self,
        (x, y): (Hundredths, Hundredths),
        text: &str,
        class: &str,
        anchor: &str,
    ) {
        let anchor = match anchor {
            "" => String::new(),
            anchor => format!(" text-anchor=\"{anchor}\""),
        };
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" class=\"{class}\"{anchor}>{}</text>",
            markup(text)
        );
    }

    /// A straight line.
    pub(super) fn line(
        &mut self,
        (x1, y1): (Hundredths, Hundredths),
        (x2, y2): (Hundredths, Hundredths),
        class: &str,
    ) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{class}\"/>"
        );
    }

    /// A path; `data` are commands of SVG.
    pub(super) fn path(&mut self, data: &str, class: &str) {
        let _ = writeln!(self.body, "<path d=\"{data}\" class=\"{class}\"/>");
    }

    /// Begins a group, whose texts have the colours of the node in it.
    pub(super) fn begin_group(&mut self) {
        self.body.push_str("<g>\n");
    }

    /// Ends it.
    pub(super) fn end_group(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// A part of a page that has [`STYLE`].
    pub(super) fn inline(self, width: i64, height: i64, title: &str) -> String {
        format!(
            "<svg class=\"p\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n{}</svg>\n",
            markup(title),
            self.body
        )
    }

    /// A whole document.
    pub(super) fn document(self, width: i64, height: i64, title: &str) -> String {
        let body = self.body;
        let svg = Svg {
            body: format!(
                "<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n{body}"
            ),
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
            svg.inline(width, height, title)
        )
    }
}
