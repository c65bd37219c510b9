//! The report of a run as a table and as a page.

use std::fmt::Write as _;

use super::{RunReport, StepReport};
use crate::picture::gantt_inline;
use crate::report::page::{Look, Table, badge, page};
use crate::report::table::{Column, grid, shown};
use crate::text::{duration, markup, timestamp, visible};

impl RunReport {
    /// A table of text.
    pub fn to_table(&self) -> String {
        let mut out = format!(
            "{}  {}  {}\nbegan {}, took {}; {}\n",
            visible(&self.run),
            visible(&self.scenario),
            visible(&self.status),
            timestamp(self.started_ms),
            milliseconds(self.elapsed_ms()),
            self.counted(),
        );
        if self.steps.is_empty() {
            return out;
        }
        let column = |title: &str, right, cell: &dyn Fn(&StepReport) -> String| Column {
            title: title.to_owned(),
            right,
            cells: self.steps.iter().map(|step| shown(&cell(step))).collect(),
        };
        let columns = [
            column("step", false, &|step| step.path.clone()),
            column("state", false, &|step| step.state.clone()),
            column("jobs", true, &jobs),
            column("began", true, &|step| self.began(step)),
            column("took", true, &|step| {
                step.elapsed_ms().map_or_else(String::new, milliseconds)
            }),
            column("what happened", false, &StepReport::remark),
        ];
        out.push('\n');
        out.push_str(&grid(&columns, self.steps.len(), usize::MAX));
        out
    }

    /// A page that needs nothing else.
    pub fn to_html(&self) -> String {
        let mut header = format!(
            "<p class=\"meta\">{} {}</p>\n<dl class=\"facts\">",
            badge(&self.status),
            markup(&self.counted())
        );
        let mut fact = |name: &str, value: &str| {
            let _ = write!(
                header,
                "<div><dt>{name}</dt><dd>{}</dd></div>",
                markup(value)
            );
        };
        fact("Run", &self.run);
        fact("Began", &timestamp(self.started_ms));
        fact("Took", &milliseconds(self.elapsed_ms()));
        if let Some(session) = &self.session {
            fact("Session", session);
        }
        if self.resumed > 0 {
            fact("Resumed", &self.resumed.to_string());
        }
        header.push_str("</dl>\n");
        let mut main = String::new();
        let timeline = self.timeline();
        if !timeline.lanes.is_empty() {
            let _ = write!(
                main,
                "<h2>Timeline</h2>\n<div class=\"card picture\">{}</div>\n",
                gantt_inline(&timeline)
            );
        }
        let _ = write!(main, "<h2>Steps</h2>\n{}", self.steps_table());
        if self
            .steps
            .iter()
            .any(|step| step.attempts.iter().any(|it| !it.artifacts.is_empty()))
        {
            let _ = write!(main, "<h2>Artifacts</h2>\n{}", self.artifacts_table());
        }
        page(&self.scenario, &header, &main)
    }

    fn steps_table(&self) -> String {
        let heads = [
            ("Step", Look::Code),
            ("State", Look::Text),
            ("Jobs", Look::Number),
            ("Began", Look::Number),
            ("Took", Look::Number),
            ("What happened", Look::Text),
            ("Job", Look::Code),
        ];
        let mut table = Table::new(heads.into_iter());
        for step in &self.steps {
            table.begin_row();
            table.cell(&step.path, Look::Code);
            table.badge(&step.state);
            table.number(step.attempts.len() as u64, &jobs(step));
            table.number(step.started_ms.unwrap_or(u64::MAX), &self.began(step));
            let took = step.elapsed_ms();
            table.number(
                took.unwrap_or(0),
                &took.map_or_else(String::new, milliseconds),
            );
            table.cell(&step.remark(), Look::Text);
            let job = step
                .attempts
                .last()
                .and_then(|attempt| attempt.job.as_deref());
            table.cell(job.unwrap_or_default(), Look::Code);
            table.end_row();
        }
        table.finish()
    }

    fn artifacts_table(&self) -> String {
        let heads = [
            ("Step", Look::Code),
            ("Name", Look::Text),
            ("Bytes", Look::Number),
            ("BLAKE3", Look::Code),
        ];
        let mut table = Table::new(heads.into_iter());
        for step in &self.steps {
            for artifact in step.attempts.iter().flat_map(|attempt| &attempt.artifacts) {
                table.begin_row();
                table.cell(&step.path, Look::Code);
                table.cell(&artifact.name, Look::Text);
                table.number(artifact.bytes, &artifact.bytes.to_string());
                table.cell(&artifact.digest, Look::Code);
                table.end_row();
            }
        }
        table.finish()
    }

    /// Such as `12 steps: 10 ok (3 reused), 1 failed, 1 skipped`.
    pub fn counted(&self) -> String {
        let known = ["ok", "failed", "skipped", "cancelled", "unknown"];
        let others = self
            .counts
            .keys()
            .map(String::as_str)
            .filter(|state| !known.contains(state));
        let mut parts = Vec::new();
        for state in known.into_iter().chain(others) {
            let Some(count) = self.counts.get(state) else {
                continue;
            };
            let reused = match state {
                "ok" if self.reused > 0 => format!(" ({} reused)", self.reused),
                _ => String::new(),
            };
            parts.push(format!("{count} {state}{reused}"));
        }
        let steps = self.steps.len();
        let colon = if parts.is_empty() { "" } else { ": " };
        format!(
            "{steps} {}{colon}{}",
            if steps == 1 { "step" } else { "steps" },
            parts.join(", ")
        )
    }

    fn began(&self, step: &StepReport) -> String {
        let after = step
            .started_ms
            .map(|began| began.saturating_sub(self.started_ms));
        after.map_or_else(String::new, |after| format!("+{}", milliseconds(after)))
    }
}

impl StepReport {
    /// Why it was skipped, how it failed, or where its result is from.
    pub fn remark(&self) -> String {
        let because = self.because.as_deref().unwrap_or("another step");
        match (self.state.as_str(), self.reason.as_deref()) {
            ("skipped", Some("not_chosen")) => "not chosen".to_owned(),
            ("skipped", Some("needs")) => format!("needs {because}, which did not succeed"),
            ("skipped", Some("stopped")) => format!("{because} failed"),
            ("skipped", Some("run_ended")) => "the run ended before".to_owned(),
            _ if self.reused => "reused".to_owned(),
            _ if self.by_fallback => "by its fallback".to_owned(),
            _ => {
                let code = self.code.as_deref();
                let parts: Vec<&str> = code.into_iter().chain(self.message.as_deref()).collect();
                parts.join(": ")
            }
        }
    }
}

fn jobs(step: &StepReport) -> String {
    match step.attempts.len() {
        0 => String::new(),
        count => count.to_string(),
    }
}

fn milliseconds(value: u64) -> String {
    match value {
        0..1_000 => format!("{value} ms"),
        _ => duration(value.saturating_mul(1_000)),
    }
}
