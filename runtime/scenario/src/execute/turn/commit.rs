//! What a turn brought is written, then done; and the end of a run.

use std::time::{Duration, Instant};

use tenzik_journal::{Durability, NewRow, RowKind, Turn};

use crate::driver::{RunEnd, StepView};
use crate::execute::event::RunEvent;
use crate::execute::indexed::ArtifactEntry;
use crate::execute::memo;
use crate::execute::performer::StopCause;
use crate::execute::record::to_json;
use crate::execute::run_journal::StorageError;
use crate::execute::settled;
use crate::execute::world::{RunError, RunSummary, end_name};

use super::Loop;
use super::jobs::Phase;
use super::tell::Tell;

impl Loop<'_, '_> {
    /// Writes what the turn brought in one transaction, then does what follows.
    pub(super) fn commit(&mut self) -> Result<(), RunError> {
        let at_ms = (self.world.now_ms)();
        let begun = Instant::now();
        let durability = std::mem::replace(&mut self.durability, Durability::Pure);
        let drafts = std::mem::take(&mut self.rows);
        let rows = drafts.iter().map(|draft| NewRow {
            run: &self.options.run,
            kind: draft.kind,
            job: draft.job.as_deref(),
            at_ms,
            body: &draft.body,
        });
        let rows: Vec<NewRow<'_>> = rows.collect();
        self.record(&rows, durability)?;
        if !rows.is_empty() {
            tracing::debug!(
                rows = rows.len(),
                durability = ?durability,
                duration_us = microseconds(begun.elapsed()),
                "journal committed"
            );
        }
        let ended = std::mem::take(&mut self.ended);
        let tell = ended.into_iter().map(|job| Tell::Ended(Box::new(job)));
        self.tell.splice(0..0, tell);
        for task in std::mem::take(&mut self.dispatch) {
            self.tasks.push(task);
        }
        self.tell_all(at_ms);
        Ok(())
    }

    /// Writes rows, where the artifacts of ended jobs come from, and results for later jobs.
    fn record(&self, rows: &[NewRow<'_>], durability: Durability) -> Result<(), RunError> {
        // Whatever happens has a row.
        if rows.is_empty() {
            return Ok(());
        }
        let entries = self.ended.iter().flat_map(|job| {
            let artifacts = job.performed.result.artifacts.iter();
            artifacts.map(|produced| ArtifactEntry {
                run: &self.options.run,
                job: &job.id,
                path: &job.key.path,
                produced,
                provenance: &job.performed.provenance,
                started_ms: job.started_ms,
                duration_us: job.performed.result.usage.wall_us,
            })
        });
        let entries: Vec<(ArtifactEntry<'_>, String)> =
            entries.map(|entry| (entry, entry.provenance())).collect();
        let artifacts = entries.iter().map(|(entry, text)| entry.indexed(text));
        let artifacts = artifacts.collect::<Result<Vec<_>, StorageError>>()?;
        let results = self
            .ended
            .iter()
            .filter_map(|job| memo::kept(&job.performed));
        let results: Vec<(&str, String)> = results.collect();
        let results: Vec<(&str, &str)> = results
            .iter()
            .map(|(key, text)| (*key, text.as_str()))
            .collect();
        let turn = Turn {
            rows,
            artifacts: &artifacts,
            results: &results,
        };
        Ok(self.world.journal.record(&turn, durability)?)
    }

    fn tell_all(&mut self, at_ms: u64) {
        for tell in std::mem::take(&mut self.tell) {
            let event = tell.event(&self.plan);
            for subscriber in self.world.subscribers.iter_mut() {
                subscriber.event(at_ms, &event);
            }
        }
    }

    /// After an error: what runs is ended, and what is not written down is named.
    pub(super) fn give_up(&mut self, error: RunError) -> RunError {
        for task in std::mem::take(&mut self.dispatch) {
            // It was never handed to a thread.
            self.jobs.remove(&task.start.key);
            self.running = self.running.saturating_sub(1);
        }
        let mut unrecorded: Vec<(String, String)> = Vec::new();
        for job in self.jobs.values() {
            if let Phase::Running(stop) = &job.phase {
                stop.stop(StopCause::Cancelled);
                unrecorded.push((job.start.key.path.to_string(), job.id.clone()));
            }
        }
        let ended = self.tell.iter().filter_map(|tell| match tell {
            Tell::Ended(job) => Some((job.key.path.to_string(), job.id.clone())),
            _ => None,
        });
        let ended = ended.chain(
            self.ended
                .iter()
                .map(|job| (job.key.path.to_string(), job.id.clone())),
        );
        unrecorded.extend(ended.collect::<Vec<_>>());
        while self.running > 0 && self.reports.recv().is_ok() {
            self.running -= 1;
        }
        for (step, job) in &unrecorded {
            tracing::error!(step, job, "job not recorded");
        }
        tracing::error!(unrecorded = unrecorded.len(), "run given up");
        match error {
            RunError::Journal { message, .. } => RunError::Journal {
                message,
                unrecorded,
            },
            error => error,
        }
    }

    /// Writes down how the run ended.
    pub(super) fn conclude(&mut self) -> Result<RunSummary, RunError> {
        let end = self.driver.end().cloned().unwrap_or(RunEnd::Failed);
        let settled: Vec<StepView> = self.driver.steps().collect();
        let steps = settled::count(&settled);
        let elapsed_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let unknown: Vec<String> = match &end {
            RunEnd::NeedsDecision { paths } => paths.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        let event = RunEvent::RunEnded {
            end: end_name(&end),
            steps,
            elapsed_ms,
            unknown: &unknown,
        };
        let row = NewRow {
            run: &self.options.run,
            kind: RowKind::RunEnded,
            job: None,
            at_ms: (self.world.now_ms)(),
            body: &to_json(&event),
        };
        self.world.journal.append(&[row], Durability::Effect)?;
        tracing::info!(
            end = end_name(&end),
            elapsed_ms,
            ok = steps.ok,
            reused = steps.reused,
            failed = steps.failed,
            skipped = steps.skipped,
            cancelled = steps.cancelled,
            unknown = steps.unknown,
            "run ended"
        );
        for subscriber in self.world.subscribers.iter_mut() {
            subscriber.event(row.at_ms, &event);
        }
        Ok(RunSummary {
            run: self.options.run.clone(),
            end,
            steps,
            settled,
            elapsed_ms,
        })
    }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
