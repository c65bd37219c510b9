//! Logs of runs on standard error, for operators: one line for each event of `tracing`.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::printer;
use crate::world;

/// Bytes of one text in a log; what is over it is cut.
const TEXT_BYTES_MAX: usize = 4_096;

/// What is logged, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct LogArguments {
    /// Log to standard error as text, or as one JSON object for each line.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Log events of this importance and above; from info on without the progress tree.
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log_level: LogLevel,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum LogLevel {
    /// The run cannot go on.
    Error,
    /// Also jobs that are refused, lost or out of time.
    Warn,
    /// Also every start and end.
    Info,
    /// Also commits of the journal, results that are reused, and decisions of the guard.
    Debug,
    /// Everything.
    Trace,
}

impl LogArguments {
    /// Lets the events of this process be logged from now on.
    pub(crate) fn start(&self) {
        let level = match self.log_level {
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        };
        let lines = Lines {
            format: self.log_format,
        };
        let subscriber = Registry::default().with(lines).with(level);
        // A process has one log; the first one stays.
        let _ = tracing::subscriber::set_global_default(subscriber);
    }

    /// Whether so much is logged that lines of the log would tear a progress tree.
    pub(crate) fn is_busy(&self) -> bool {
        self.log_level >= LogLevel::Info
    }
}

/// Writes events as lines.
struct Lines {
    format: LogFormat,
}

/// The fields of an event or a span, in their order; the text of an event is its `message`.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = format!("{value:?}");
        if text.len() > TEXT_BYTES_MAX {
            text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
            text.push('…');
        }
        self.0.push((field.name(), Value::String(text)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), Value::from(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), Value::from(value)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push((field.name(), Value::from(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), Value::from(value)));
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let mut message = String::new();
        let mut fields: Vec<(&'static str, Value)> = Vec::new();
        let scope = context.event_scope(event);
        for span in scope.into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(Fields(around)) = span.extensions().get() {
                fields.extend(around.iter().cloned());
            }
        }
        for (name, value) in own.0 {
            match value {
                Value::String(text) if name == "message" => message = text,
                value => fields.push((name, value)),
            }
        }
        let metadata = event.metadata();
        let line = Line {
            at_ms: world::now_ms(),
            level: *metadata.level(),
            target: metadata.target(),
            message: &message,
            fields: &fields,
        };
        let text = match self.format {
            LogFormat::Text => line.text(),
            LogFormat::Json => line.json(),
        };
        // One write, so that lines of several threads stay whole; a log that nobody takes is no error.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// One line of a log.
struct Line<'a> {
    at_ms: u64,
    level: Level,
    target: &'a str,
    message: &'a str,
    fields: &'a [(&'static str, Value)],
}

impl Line<'_> {
    fn timestamp(&self) -> String {
        let at = UNIX_EPOCH.checked_add(Duration::from_millis(self.at_ms));
        humantime::format_rfc3339_millis(at.unwrap_or(UNIX_EPOCH)).to_string()
    }

    fn text(&self) -> String {
        let mut line = format!("{} {:>5} {}", self.timestamp(), self.level, self.message);
        for (name, value) in self.fields {
            let _ = match value {
                Value::String(text) if is_plain(text) => write!(line, " {name}={text}"),
                other => write!(line, " {name}={other}"),
            };
        }
        one_line(&line, |line, code| write!(line, "\\u{{{code:x}}}"))
    }

    fn json(&self) -> String {
        let mut line = String::from("{");
        let timestamp = self.timestamp();
        let level = self.level.as_str().to_ascii_lowercase();
        let first = [
            ("timestamp", timestamp.as_str()),
            ("level", &level),
            ("target", self.target),
            ("message", self.message),
        ];
        let first = first.map(|(name, text)| (name, Value::from(text)));
        for (index, (name, value)) in first.iter().chain(self.fields).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(line, "{comma}{}:{value}", Value::from(*name));
        }
        line.push('}');
        // Such characters are nowhere but in strings.
        one_line(&line, |line, code| write!(line, "\\u{code:04x}"))
    }
}

/// Whether a text needs no quotes.
fn is_plain(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-[]/:+".contains(letter);
    !text.is_empty() && text.chars().all(is_plain)
}

/// A line and its end, with everything escaped that moves a cursor or turns the direction of writing.
fn one_line(text: &str, escape: impl Fn(&mut String, u32) -> fmt::Result) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character {
            '\n' | '\t' => {
                let _ = escape(&mut line, u32::from(character));
            }
            loud if printer::is_loud(loud) => {
                let _ = escape(&mut line, u32::from(loud));
            }
            quiet => line.push(quiet),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::{Level, Line};
    use serde_json::{Value, json};

    #[test]
    fn a_line_is_one_line_whatever_is_in_it() {
        let hostile = "a\n\u{1b}[2J\u{9b}\u{202e}\"=\\ b";
        let line = Line {
            at_ms: 1_795_000_000_123,
            level: Level::INFO,
            target: "tenzik",
            message: "job ended",
            fields: &[
                ("step", json!("sweep[3].scan")),
                ("code", json!(hostile)),
                ("exit", json!(20)),
                ("reused", json!(false)),
            ],
        };
        assert_eq!(
            line.text(),
            "2026-11-18T11:06:40.123Z  INFO job ended step=sweep[3].scan \
             code=\"a\\n\\u001b[2J\\u{9b}\\u{202e}\\\"=\\\\ b\" exit=20 reused=false\n"
        );
        let text = line.json();
        assert!(
            text.starts_with("{\"timestamp\":\"2026-11-18T11:06:40.123Z\",\"level\":\"info\",")
        );
        let shown = text.strip_suffix('\n').unwrap();
        assert!(!shown.chars().any(char::is_control) && !shown.contains('\u{202e}'));
        let value: Value = serde_json::from_str(shown).unwrap();
        assert_eq!(value["code"], hostile);
        assert_eq!(value["exit"], 20);
        assert_eq!(value["target"], "tenzik");
    }
}
