//! Running scenarios on this machine: journal, performer, guard, and who is told.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use tenzik_runtime::gate::{LocalAdapter, ProcessAdapter};
use tenzik_runtime::journal::{Access, ArtifactStore, Journal};
use tenzik_runtime::performer::{EnginePerformer, PerformerOptions, Receipts};
use tenzik_runtime::scenario::driver::{Assumed, RunEnd, StepState};
use tenzik_runtime::scenario::execute::{
    Admission, AdmitAll, CrashPoint, CrashingJournal, EffectsLog, EventSubscriber,
    GuardedAdmission, Performer, Rebuild, RunError, RunOptions, RunSummary, World, end_name,
    resume, run,
};
use tenzik_runtime::scenario::plan::Plan;
use tenzik_runtime::scenario::{Scenario, report};
use tenzik_runtime::telemetry::{Guard, GuardLimits, Sampler, SamplerOptions};
use tenzik_runtime::{EngineOptions, NodeKey, Runtime};

use crate::code_cache;
use crate::command::keygen::signing_key;
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::first_party;
use crate::journal_arguments::{JournalArguments, artifact_failed, failed};
use crate::logging::LogArguments;
use crate::plan_world::MachineWorld;
use crate::printer;
use crate::run_watch;
use crate::scenario_file::{Refusal, ScenarioText, policy_files};
use crate::stop_signal::StopSignal;
use crate::user_directories;
use crate::world;

/// What `scenario run` and `resume` have in common.
#[derive(Args, Debug)]
pub(crate) struct ExecutionArguments {
    #[command(flatten)]
    journal: JournalArguments,
    /// Which jobs get a signed receipt: those that may have effects, all, or none.
    #[arg(long, value_name = "WHICH", default_value = "effects")]
    receipts: ReceiptChoice,
    /// Sign receipts with this key [default: the machine's own, made when it is first needed].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Do every step anew, also those whose result is known from an earlier run.
    #[arg(long)]
    no_reuse: bool,
    /// Start jobs however busy the machine is.
    #[arg(long)]
    no_guard: bool,
    /// Refuse jobs above this share of memory in use, until it is five points lower [default: 80].
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(6..=100), conflicts_with = "no_guard")]
    guard_memory: Option<u8>,
    /// Let jobs wait above this pressure on the processors [default: 40].
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100), conflicts_with = "no_guard")]
    guard_cpu: Option<u8>,
    /// Print one JSON object for each event.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    log: LogArguments,
    /// For tests of crashes: kill this process at a write of the journal.
    #[arg(long, hide = true, value_name = "N:before|after", value_parser = crash_point)]
    crash_at: Option<CrashPoint>,
    /// For tests of crashes: append each effect to a file before it begins.
    #[arg(long, hide = true, value_name = "FILE")]
    effects_log: Option<PathBuf>,
    /// For tests of crashes: write the count of the journal's writes to a file.
    #[arg(long, hide = true, value_name = "FILE")]
    write_count: Option<PathBuf>,
}

/// Which jobs get a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReceiptChoice {
    /// None.
    Off,
    /// Those of capsules that may have effects.
    Effects,
    /// All.
    All,
}

fn crash_point(text: &str) -> Result<CrashPoint, String> {
    let wrong = || "write N:before or N:after".to_owned();
    let (write, side) = text.split_once(':').ok_or_else(wrong)?;
    Ok(CrashPoint {
        write: write.parse().map_err(|_| wrong())?,
        after: match side {
            "before" => false,
            "after" => true,
            _ => return Err(wrong()),
        },
    })
}

/// What a run keeps of its scenario, so that it can be planned again.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    version: u32,
    path: PathBuf,
    directory: PathBuf,
    text: String,
    vars: Vec<(String, String)>,
    ceilings: Vec<PathBuf>,
}

impl Kept {
    pub(crate) fn new(
        text: &ScenarioText,
        vars: &[(String, String)],
        ceilings: &[PathBuf],
    ) -> Result<Kept, Failure> {
        let absolute = |path: &PathBuf| {
            std::path::absolute(path)
                .map_err(|error| failure::file("cannot tell the place of", path, &error))
        };
        Ok(Kept {
            version: 1,
            path: absolute(&text.path)?,
            directory: text.directory.clone(),
            text: text.text.clone(),
            vars: vars.to_vec(),
            ceilings: ceilings.iter().map(absolute).collect::<Result<_, _>>()?,
        })
    }

    /// Reads what a run keeps.
    pub(crate) fn parse(source: &str) -> Result<Kept, String> {
        let kept: Kept = serde_json::from_str(source).map_err(|error| error.to_string())?;
        match kept.version {
            1 => Ok(kept),
            other => Err(format!(
                "it was begun by another version of tenzik ({other})"
            )),
        }
    }

    /// Reads it out of what the first row of a run keeps.
    pub(crate) fn of_run(source: &str) -> Result<Kept, String> {
        #[derive(Deserialize)]
        struct Source {
            source: String,
        }
        let source: Source = serde_json::from_str(source).map_err(|error| error.to_string())?;
        Kept::parse(&source.source)
    }

    /// The files that it was made from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone()];
        files.extend(self.ceilings.iter().cloned());
        if let Ok(scenario) = Scenario::parse(&self.text) {
            files.extend(policy_files(&scenario, &self.directory));
        }
        files
    }

    /// Plans it again.
    pub(crate) fn plan(&self) -> Result<Plan, String> {
        let text = ScenarioText {
            path: self.path.clone(),
            directory: self.directory.clone(),
            text: self.text.clone(),
        };
        let world = MachineWorld::new(&self.directory, &self.ceilings, false)
            .map_err(|failure| failure.message)?;
        text.plan(&self.vars, &world)
            .map_err(|refusal| match refusal {
                Refusal::Failure(failure) => failure.message,
                Refusal::Problems(path, problems) => {
                    let first = problems.first().map(ToString::to_string);
                    format!("{}:{}", shown(&path), first.unwrap_or_default())
                }
            })
    }
}

/// Everything that a run needs on this machine.
pub(crate) struct Execution<'a> {
    arguments: &'a ExecutionArguments,
    journal: Arc<Journal>,
    store: ArtifactStore,
    performer: EnginePerformer,
    stop: StopSignal,
}

impl<'a> Execution<'a> {
    /// For `plan`, or for a run whose plan is not known yet.
    pub(crate) fn new(
        arguments: &'a ExecutionArguments,
        plan: Option<&Plan>,
    ) -> Result<Execution<'a>, Failure> {
        arguments.log.start();
        let journal = Arc::new(arguments.journal.open(Access::Write)?);
        let store =
            ArtifactStore::open(Arc::clone(&journal)).map_err(|error| artifact_failed(&error))?;
        let performer = performer(arguments, plan, &journal)?;
        Ok(Execution {
            arguments,
            journal,
            store,
            performer,
            stop: StopSignal::catch()?,
        })
    }

    /// Runs `plan` as a new run.
    pub(crate) fn run(
        &self,
        plan: Plan,
        kept: &Kept,
        session: Option<&str>,
    ) -> Result<ExitCode, Failure> {
        let unnamed =
            |error: String| Failure::machine(format!("no name for the run: {error}"), "try again");
        let options = RunOptions {
            run: world::run_id().map_err(|error| unnamed(error.to_string()))?,
            session: session.map(str::to_owned),
            reuse: !self.arguments.no_reuse,
        };
        let seed = world::key().map_err(|error| unnamed(error.to_string()))?;
        let source = serde_json::to_string(kept)
            .map_err(|error| Failure::machine(error.to_string(), "please report it"))?;
        let plan = Arc::new(plan);
        self.drive(|world| run(&plan, &source, seed, &options, world))
    }

    /// Goes on with a run.
    pub(crate) fn resume(
        &self,
        prefix: &str,
        rebuild: Rebuild<'_>,
        assumed: &[(String, Assumed)],
    ) -> Result<ExitCode, Failure> {
        let run = self
            .journal
            .resolve_run(prefix)
            .map_err(|error| failed(&error))?;
        let options = RunOptions {
            run,
            session: None,
            reuse: !self.arguments.no_reuse,
        };
        self.drive(|world| resume(&options, rebuild, assumed, world))
    }

    fn drive(
        &self,
        go: impl FnOnce(&mut World<'_>) -> Result<RunSummary, RunError>,
    ) -> Result<ExitCode, Failure> {
        let arguments = self.arguments;
        let journal = CrashingJournal::new(&*self.journal, arguments.crash_at);
        let effects = arguments.effects_log.as_deref().map(|path| {
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.map(|file| EffectsLog::new(&self.performer, file))
                .map_err(|error| failure::file("cannot write", path, &error))
        });
        let effects = effects.transpose()?;
        let performer: &dyn Performer = match &effects {
            Some(effects) => effects,
            None => &self.performer,
        };
        let sampler = self.sampler()?;
        let newest = || sampler.as_ref().map(Sampler::latest).unwrap_or_default();
        let mut guarded = GuardedAdmission::new(Guard::new(self.limits()?), &newest, &self.journal);
        let mut all = AdmitAll;
        let admission: &mut dyn Admission = match sampler.is_some() {
            true => &mut guarded,
            false => &mut all,
        };
        let mut watcher =
            run_watch::watcher(arguments.json, arguments.quiet, arguments.log.is_busy());
        let mut subscribers: Vec<&mut dyn EventSubscriber> = vec![&mut *watcher];
        let cancelled: Arc<AtomicBool> = self.stop.flag();
        let mut world = World {
            journal: &journal,
            performer,
            sink: &self.store,
            admission,
            now_ms: &world::now_ms,
            cancelled: &cancelled,
            force: &|| std::process::exit(i32::from(ExitCode::Scenario.number())),
            subscribers: &mut subscribers,
        };
        let summary = go(&mut world).map_err(run_failure)?;
        drop(watcher);
        if let Some(path) = &arguments.write_count {
            std::fs::write(path, journal.writes().to_string())
                .map_err(|error| failure::file("cannot write", path, &error))?;
        }
        Ok(self.ended(&summary))
    }

    /// With --quiet nobody has said yet what failed.
    fn tell_failures(&self, summary: &RunSummary) {
        if !self.arguments.quiet || summary.end == RunEnd::Ok {
            return;
        }
        for step in &summary.settled {
            if let StepState::Failed { code, message, .. } = &step.state {
                printer::error(&format!("{}: {code}: {message}", step.path), "");
            }
        }
        let remedy = format!("tenzik report {} shows every step", summary.run);
        printer::error(
            &format!("run {}: {}", summary.run, end_name(&summary.end)),
            &remedy,
        );
    }

    /// The run's last row, for those who want to hold the journal to it later.
    fn tell_head(&self, summary: &RunSummary) {
        if self.arguments.json || self.arguments.quiet {
            return;
        }
        if let Ok(Some(ended)) = self.journal.run(&summary.run).map(|state| state.ended) {
            let hash = ended.hash.to_hex();
            printer::note(&format!("journal row {}:{hash}", ended.seq));
        }
        if summary.end != RunEnd::Ok {
            printer::note(&format!("tenzik report {} shows every step", summary.run));
        }
    }

    fn limits(&self) -> Result<GuardLimits, Failure> {
        let mut limits = GuardLimits::default();
        if let Some(percent) = self.arguments.guard_memory {
            limits.memory_refuse_percent = Some(f64::from(percent));
            limits.memory_admit_percent = f64::from(percent) - 5.0;
        }
        if let Some(percent) = self.arguments.guard_cpu {
            limits.cpu_pressure_percent = Some(f64::from(percent));
        }
        Ok(limits)
    }

    fn sampler(&self) -> Result<Option<Sampler>, Failure> {
        if self.arguments.no_guard {
            return Ok(None);
        }
        let directory = self
            .journal
            .path()
            .parent()
            .unwrap_or(Path::new("/"))
            .to_owned();
        Sampler::start(SamplerOptions::new(directory, world::now_ms))
            .map(Some)
            .map_err(|error| {
                Failure::machine(format!("no thread for samples: {error}"), "pass --no-guard")
            })
    }

    fn ended(&self, summary: &RunSummary) -> ExitCode {
        self.tell_failures(summary);
        self.tell_head(summary);
        match &summary.end {
            RunEnd::Ok => ExitCode::Ok,
            RunEnd::NeedsDecision { paths } => {
                if !self.arguments.json {
                    for path in paths {
                        let run = &summary.run;
                        printer::note(&format!(
                            "nobody knows whether {path} happened, and it must not be repeated; look, then\n  \
                             tenzik resume {run} --assume done {path}\n  \
                             tenzik resume {run} --assume failed {path}"
                        ));
                    }
                }
                ExitCode::Decision
            }
            RunEnd::Cancelled => {
                self.stop.obey();
                ExitCode::Scenario
            }
            RunEnd::Failed | RunEnd::TimedOut => ExitCode::Scenario,
        }
    }
}

fn run_failure(error: RunError) -> Failure {
    let message = error.to_string();
    match error {
        RunError::PlanChanged { .. } | RunError::Plan { .. } => {
            Failure::new(ExitCode::Usage, "plan_changed", message, "")
        }
        RunError::Ended { .. } => Failure::usage(message, "tenzik show shows what came of it"),
        RunError::NotUnknown { .. } => Failure::usage(message, "tenzik show shows its steps"),
        _ => Failure::machine(
            message,
            "tenzik resume goes on with the run once that is mended",
        ),
    }
}

fn performer(
    arguments: &ExecutionArguments,
    plan: Option<&Plan>,
    journal: &Journal,
) -> Result<EnginePerformer, Failure> {
    let executable = world::executable().map_err(|error| {
        Failure::machine(
            format!("cannot tell where tenzik lies: {error}"),
            "start it by its path",
        )
    })?;
    let local: Arc<dyn ProcessAdapter> = Arc::new(LocalAdapter::beside(&executable));
    let receipts = match arguments.receipts {
        ReceiptChoice::Off => Receipts::Off,
        ReceiptChoice::Effects => Receipts::Effects,
        ReceiptChoice::All => Receipts::All,
    };
    let random = world::key()
        .map_err(|error| Failure::machine(format!("no random bytes: {error}"), "try again"))?;
    let code_store = code_cache::store();
    let runtime = Runtime::new(&EngineOptions {
        code_store,
        ..EngineOptions::default()
    })
    .map_err(|error| Failure::machine(error.to_string(), ""))?;
    let options = PerformerOptions {
        embedded: Arc::new(|name| first_party::find(name).map(|capsule| capsule.bytes)),
        adapters: BTreeMap::from([("local".to_owned(), local)]),
        environment: Arc::new(world::variable),
        state_directory: user_directories::state()?,
        protected: user_directories::own().chain(journal.own_paths()).collect(),
        no_inputs: journal.own_paths(),
        artifact_directory: journal.store_directory().join("gate"),
        receipts,
        key: key(arguments, plan)?,
        now_ms: Arc::new(world::now_ms),
        environment_key: random,
        report: Arc::new(report::render),
    };
    Ok(EnginePerformer::new(runtime, options))
}

/// The key, where some job is to have a receipt; a plan that is not known yet may have one.
fn key(arguments: &ExecutionArguments, plan: Option<&Plan>) -> Result<Option<NodeKey>, Failure> {
    let has_effects = |plan: &Plan| {
        let mut stages = plan.nodes.iter().flat_map(|node| node.kind.stages());
        stages.any(|stage| !stage.is_pure)
    };
    let wanted = match arguments.receipts {
        ReceiptChoice::Off => false,
        ReceiptChoice::All => true,
        ReceiptChoice::Effects => plan.is_none_or(has_effects),
    };
    match wanted {
        true => signing_key(arguments.key.as_deref()).map(Some),
        false => Ok(None),
    }
}
