//! Programs that the policy admits, as processes of one run.

pub(crate) mod paths;
mod process_spec;
mod start;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tenzik_host_abi::Status;
use tenzik_policy::{EffectCode, EffectRefusal, Rules, decide_exec};
use tenzik_process::{Exit, Process, ProcessAdapter, ProcessError, Stream, Written};

use crate::gate::{GateHalt, GateReply, Refused};
use crate::masked_stream::MaskedStream;
use crate::report::ProcessReport;
use crate::secrets::{Mask, Secrets};

pub(crate) use process_spec::Environment;
pub(crate) use start::Request;
use start::start_halt;

/// Processes that one run may start, one after the other or at once.
const PROCESSES_MAX: usize = 1_024;

/// Says whether the run was cancelled.
pub(crate) type Cancel = Arc<dyn Fn() -> bool + Send + Sync>;

/// The processes of one run.
pub(crate) struct Processes {
    rules: Arc<Rules>,
    adapter: Arc<dyn ProcessAdapter>,
    environment: Environment,
    secrets: Arc<Secrets>,
    /// Where tenzik keeps its own files.
    protected: Vec<PathBuf>,
    cancel: Cancel,
    started: Vec<Started>,
}

/// One process and what is known of it.
struct Started {
    rule: usize,
    process: Option<Box<dyn Process>>,
    stdout: MaskedStream,
    stderr: MaskedStream,
    exit: Option<Exit>,
    report: ProcessReport,
}

impl Processes {
    pub(crate) fn new(
        rules: Arc<Rules>,
        adapter: Arc<dyn ProcessAdapter>,
        environment: Environment,
        secrets: Arc<Secrets>,
        protected: Vec<PathBuf>,
        cancel: Cancel,
    ) -> Processes {
        Processes {
            rules,
            adapter,
            environment,
            secrets,
            protected,
            cancel,
            started: Vec::new(),
        }
    }

    /// Starts what `request` asks for, if a rule admits it.
    pub(crate) fn start(&mut self, request: &[u8]) -> Result<GateReply, GateHalt> {
        let request = Request::parse(request).map_err(GateHalt::BadArgument)?;
        let rules = Arc::clone(&self.rules);
        let decision = decide_exec(&rules, &request.argv).map_err(Refused::from)?;
        paths::check(&rules, decision.rule, &self.protected).map_err(|why| {
            let cited = format!("{} {}", decision.rule.origin, decision.rule.name);
            Refused::from(EffectRefusal::new(EffectCode::Exec, vec![cited], why))
        })?;
        let running = self.started.iter().filter(|started| {
            started.rule == decision.index && started.process.is_some() && started.exit.is_none()
        });
        let concurrency = usize::try_from(decision.rule.concurrency_max).unwrap_or(usize::MAX);
        if running.count() >= concurrency || self.started.len() >= PROCESSES_MAX {
            return Ok(GateReply::number(Status::Exceeded.number()));
        }
        let spec = self
            .environment
            .spec(decision.rule, &request.argv, &self.secrets)?;
        let begun = Instant::now();
        let cancel = Arc::clone(&self.cancel);
        let process = self
            .adapter
            .start(&spec, &|| cancel())
            .map_err(|error| start_halt(error, decision.rule))?;
        let report = ProcessReport {
            rule: decision.rule.name.clone(),
            arguments: request.argv,
            ending: "running".to_owned(),
            layers: process.layers().layers().to_vec(),
            helper: process.helper().name(),
            deadline_ms: decision.rule.deadline_ms,
            wall_us: 0,
            cpu_us: 0,
            memory_bytes: 0,
            stdout_bytes: 0,
            stderr_bytes: 0,
            network_granted: 0,
            network_refused: 0,
        };
        self.started.push(Started {
            rule: decision.index,
            process: Some(process),
            stdout: MaskedStream::of_program(self.mask()),
            stderr: MaskedStream::of_program(self.mask()),
            exit: None,
            report,
        });
        Ok(GateReply {
            waited_ns: elapsed_ns(begun),
            ..GateReply::number(i32::try_from(self.started.len()).unwrap_or(i32::MAX))
        })
    }

    /// Writes all of `bytes` to the standard input of a process.
    pub(crate) fn write(&mut self, handle: i32, bytes: &[u8]) -> Result<GateReply, GateHalt> {
        let cancel = Arc::clone(&self.cancel);
        let rules = Arc::clone(&self.rules);
        let started = self.find(handle)?;
        let takes = rules.exec.get(started.rule).is_some_and(|rule| rule.stdin);
        let Some(process) = started.process.as_mut().filter(|_| takes) else {
            return Ok(GateReply::number(Status::Closed.number()));
        };
        let begun = Instant::now();
        let written = process.write(bytes, &|| cancel()).map_err(process_halt)?;
        let number = match written {
            Written::All => 0,
            Written::Closed => Status::Closed.number(),
            Written::Exceeded => Status::Exceeded.number(),
        };
        Ok(GateReply {
            waited_ns: elapsed_ns(begun),
            ..GateReply::number(number)
        })
    }

    /// Ends the standard input of a process.
    pub(crate) fn close(&mut self, handle: i32) -> Result<GateReply, GateHalt> {
        if let Some(process) = &mut self.find(handle)?.process {
            process.close_stdin();
        }
        Ok(GateReply::number(0))
    }

    /// Fills `buffer` from an output of a process unless that ends.
    pub(crate) fn read(
        &mut self,
        handle: i32,
        stream: i32,
        buffer: &mut [u8],
    ) -> Result<GateReply, GateHalt> {
        let stream = match stream {
            1 => Stream::Stdout,
            2 => Stream::Stderr,
            _ => {
                let message = format!("read stream {stream} of a process; streams are 1 and 2");
                return Err(GateHalt::BadArgument(message));
            }
        };
        let cancel = Arc::clone(&self.cancel);
        let started = self.find(handle)?;
        let Some(process) = &mut started.process else {
            return Ok(GateReply::number(0));
        };
        let masked = match stream {
            Stream::Stdout => &mut started.stdout,
            Stream::Stderr => &mut started.stderr,
        };
        let begun = Instant::now();
        let count = masked
            .fill(buffer, |piece| process.read(stream, piece, &|| cancel()))
            .map_err(process_halt)?;
        Ok(GateReply {
            number: i32::try_from(count).unwrap_or(i32::MAX),
            read_bytes: count as u64,
            waited_ns: elapsed_ns(begun),
        })
    }

    /// Waits for the end of a process.
    pub(crate) fn wait(&mut self, handle: i32) -> Result<GateReply, GateHalt> {
        let cancel = Arc::clone(&self.cancel);
        let started = self.find(handle)?;
        let begun = Instant::now();
        if started.exit.is_none()
            && let Some(process) = &mut started.process
        {
            started.exit = Some(process.wait(&|| cancel()).map_err(process_halt)?);
        }
        started.end();
        let number = match started.exit {
            Some(Exit::Code(code)) => i32::from(code),
            Some(Exit::Signal(signal)) => 256 + signal,
            Some(Exit::TimedOut) => Status::TimedOut.number(),
            Some(Exit::Exceeded(_)) => Status::Exceeded.number(),
            Some(Exit::Killed) | None => 256 + 9,
        };
        Ok(GateReply {
            waited_ns: elapsed_ns(begun),
            ..GateReply::number(number)
        })
    }

    /// Kills what still runs and hands out what is known of every process.
    pub(crate) fn finish(&mut self) -> Vec<ProcessReport> {
        self.started
            .drain(..)
            .map(|mut started| {
                if let Some(process) = &mut started.process
                    && started.exit.is_none()
                {
                    process.kill();
                    started.exit = process.wait(&|| false).ok();
                }
                started.end();
                started.report
            })
            .collect()
    }

    /// A mask for one stream, where there are secrets at all.
    fn mask(&self) -> Option<Mask> {
        self.secrets.may_mask().then(|| self.secrets.mask())
    }

    fn find(&mut self, handle: i32) -> Result<&mut Started, GateHalt> {
        let count = self.started.len();
        let index = usize::try_from(handle)
            .ok()
            .and_then(|index| index.checked_sub(1));
        index
            .and_then(|index| self.started.get_mut(index))
            .ok_or_else(|| {
                GateHalt::BadHandle(format!("named the process {handle}; {count} were started"))
            })
    }
}

impl Started {
    /// Writes down how the process ended and lets it go.
    fn end(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        let usage = process.usage();
        let report = &mut self.report;
        report.ending = match self.exit {
            Some(Exit::Code(code)) => format!("exit {code}"),
            Some(Exit::Signal(signal)) => format!("signal {signal}"),
            Some(Exit::TimedOut) => "timed out".to_owned(),
            Some(Exit::Exceeded(Stream::Stdout)) => "exceeded stdout".to_owned(),
            Some(Exit::Exceeded(Stream::Stderr)) => "exceeded stderr".to_owned(),
            Some(Exit::Killed) | None => "killed".to_owned(),
        };
        report.wall_us = usage.wall_us;
        report.cpu_us = usage.cpu_us;
        report.memory_bytes = usage.memory_bytes;
        report.stdout_bytes = usage.stdout_bytes;
        report.stderr_bytes = usage.stderr_bytes;
        report.network_granted = usage.network_granted;
        report.network_refused = usage.network_refused;
    }
}

fn process_halt(error: ProcessError) -> GateHalt {
    match error {
        ProcessError::Cancelled => GateHalt::Cancelled,
        ProcessError::Machine(message) => GateHalt::Machine(message),
    }
}

/// Nanoseconds since `begun`.
fn elapsed_ns(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
