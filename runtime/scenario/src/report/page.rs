//! Pages of HTML that need nothing else: style and script stand in them, a policy names both by
//! their digests, and so nothing that a text could smuggle in would run or be fetched.

use std::fmt::Write as _;

use crate::picture::STYLE as PICTURE_STYLE;
use crate::text::markup;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// SHA-256 digests in base64; a test prints what they have to be.
const STYLE_DIGEST: &str = "TwDlleeTz+Qh9RcF4OHoAjsvCWQkypgl/efRF8yWVj4=";
const SCRIPT_DIGEST: &str = "vvUwEoc1rlOX4Mburf2cvoauABybSJL8HI0dZcgN5OM=";

/// A whole page; `header` and `main` are HTML.
pub(super) fn page(title: &str, header: &str, main: &str) -> String {
    let title = markup(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{STYLE_DIGEST}'; script-src 'sha256-{SCRIPT_DIGEST}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}{PICTURE_STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n{header}</header>\n<main>\n{main}</main>\n\
         <footer>tenzik {version}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// A table in the making. Rows and cells are added in reading order.
pub(super) struct Table {
    html: String,
}

/// How a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As text.
    Text,
    /// As a number: to the right, sorted by value.
    Number,
    /// In a fixed font, not broken.
    Code,
}

impl Look {
    const fn classes(self) -> &'static str {
        match self {
            Look::Text => "",
            Look::Number => " class=\"n\"",
            Look::Code => " class=\"m k\"",
        }
    }
}

impl Table {
    /// A table with these headings.
    pub(super) fn new<'a>(heads: impl Iterator<Item = (&'a str, Look)>) -> Table {
        let mut html = String::from("<div class=\"card\"><table>\n<thead><tr>");
        for (title, look) in heads {
            let class = if look == Look::Number {
                " class=\"n\""
            } else {
                ""
            };
            let _ = write!(
                html,
                "<th scope=\"col\"{class}><span>{}</span></th>",
                markup(title)
            );
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        Table { html }
    }

    /// Its bytes so far.
    pub(super) fn bytes(&self) -> usize {
        self.html.len()
    }

    pub(super) fn begin_row(&mut self) {
        self.html.push_str("<tr>");
    }

    pub(super) fn end_row(&mut self) {
        self.html.push_str("</tr>\n");
    }

    /// A cell of text.
    pub(super) fn cell(&mut self, text: &str, look: Look) {
        let _ = write!(self.html, "<td{}>{}</td>", look.classes(), cell_text(text));
    }

    /// A number with a text that people read, sorted by the number.
    pub(super) fn number(&mut self, value: u64, text: &str) {
        let _ = write!(
            self.html,
            "<td class=\"n\" data-v=\"{value}\">{}</td>",
            markup(text)
        );
    }

    /// A word with a colour.
    pub(super) fn badge(&mut self, word: &str) {
        let _ = write!(self.html, "<td class=\"k\">{}</td>", badge(word));
    }

    pub(super) fn finish(mut self) -> String {
        self.html.push_str("</tbody>\n</table></div>\n");
        self.html
    }
}

/// A word with the colour of what it means.
pub(super) fn badge(word: &str) -> String {
    let class = match word.to_ascii_lowercase().as_str() {
        "" => return String::new(),
        "critical" | "high" | "error" | "fatal" | "failed" | "timed_out" => " b-bad",
        "medium" | "moderate" | "warning" | "warn" | "unknown" | "needs_decision" | "cancelled"
        | "interrupted" => " b-warn",
        "ok" | "open" | "up" | "success" | "reused" => " b-good",
        "low" | "info" | "informational" | "note" | "running" => " b-info",
        _ => "",
    };
    format!("<span class=\"b{class}\">{}</span>", markup(word))
}

/// Text whose lines stay lines.
fn cell_text(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(markup).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::{PICTURE_STYLE, SCRIPT, SCRIPT_DIGEST, STYLE, STYLE_DIGEST};

    #[test]
    fn the_policy_names_style_and_script() {
        let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
        assert_eq!(
            (STYLE_DIGEST, SCRIPT_DIGEST),
            (
                &*digest(&(STYLE.to_owned() + PICTURE_STYLE)),
                &*digest(SCRIPT)
            )
        );
    }

    #[test]
    fn nothing_closes_style_or_script() {
        assert!(!STYLE.contains('<') && !PICTURE_STYLE.contains('<') && !SCRIPT.contains("</"));
    }
}
