//! Pictures as SVG: a few shapes, every text escaped, the same bytes for the same picture. No
//! scripts, no fonts and nothing else from outside.

use std::fmt::Write as _;

/// A picture in the making.
pub(crate) struct Picture {
    body: String,
    width: f64,
    height: f64,
}

impl Picture {
    /// An empty picture with a white ground and these styles.
    pub(crate) fn new(width: f64, height: f64, title: &str, style: &str) -> Picture {
        let mut picture = Picture {
            body: String::new(),
            width,
            height,
        };
        let _ = writeln!(
            picture.body,
            "<title>{}</title>\n<style>text{{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px;fill:#1f2328}}{style}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
            escaped(title)
        );
        picture
    }

    /// A rectangle; `attributes` are written as they are.
    pub(crate) fn rectangle(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        attributes: &str,
    ) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{}" y="{}" width="{}" height="{}" {attributes}/>"#,
            number(x),
            number(y),
            number(width),
            number(height)
        );
    }

    /// A text with its left end (or what `attributes` say) at a point.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), text: &str, attributes: &str) {
        let _ = writeln!(
            self.body,
            r#"<text x="{}" y="{}" {attributes}>{}</text>"#,
            number(x),
            number(y),
            escaped(text)
        );
    }

    /// A line.
    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), attributes: &str) {
        let _ = writeln!(
            self.body,
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" {attributes}/>"#,
            number(x1),
            number(y1),
            number(x2),
            number(y2)
        );
    }

    /// A line through many points.
    pub(crate) fn polyline(&mut self, points: &[(f64, f64)], attributes: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{},{}", number(*x), number(*y)))
            .collect();
        let _ = writeln!(
            self.body,
            r#"<polyline points="{}" fill="none" {attributes}/>"#,
            points.join(" ")
        );
    }

    /// Begins a group that shows `title` when the pointer is over it.
    pub(crate) fn begin_titled(&mut self, title: &str) {
        let _ = writeln!(self.body, "<g><title>{}</title>", escaped(title));
    }

    /// Ends the group.
    pub(crate) fn end_titled(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// The whole document.
    pub(crate) fn finish(self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n{}</svg>\n",
            self.body
        )
    }
}

/// A coordinate: at most two places behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Text for XML. Characters that XML does not allow are replaced.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(character),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if other.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{Picture, escaped, number};

    #[test]
    fn no_text_can_leave_its_place() {
        assert_eq!(
            escaped("</title><script>\"a&b\"\u{1b}\0"),
            "&lt;/title&gt;&lt;script&gt;&quot;a&amp;b&quot;\u{fffd}\u{fffd}"
        );
        let mut picture = Picture::new(10.0, 10.0, "<a>", "");
        picture.text((0.0, 1.0), "<b>", "");
        let text = picture.finish();
        assert!(!text.contains("<a>") && !text.contains("<b>"), "{text}");
    }

    #[test]
    fn coordinates_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.001, "0"),
            (1.5, "1.5"),
            (10.0, "10"),
            (2.006, "2.01"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
