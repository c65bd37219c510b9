//! A real tenzik in a state of its own.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure};
use crate::scenario_file::ScenarioFileArguments;
use crate::world;

/// What SIGKILL leaves.
const KILLED: i32 = 9;

/// Commands on one scenario in one directory.
pub(super) struct Child<'a> {
    scenario: &'a ScenarioFileArguments,
    directory: PathBuf,
    tenzik: PathBuf,
}

/// How a command ended.
pub(super) struct Ended {
    /// Its exit code, or -1.
    pub(super) code: i32,
    /// The run.
    pub(super) run: String,
    /// Steps that need a decision.
    pub(super) unknown: Vec<String>,
    signal: Option<i32>,
}

impl Ended {
    /// A run that ended before its process was killed.
    pub(super) fn with(run: String, end: &str) -> Ended {
        let exit = match end {
            "ok" => ExitCode::Ok,
            _ => ExitCode::Scenario,
        };
        Ended {
            code: i32::from(exit.number()),
            run,
            unknown: Vec::new(),
            signal: None,
        }
    }

    pub(super) fn was_killed(&self) -> bool {
        self.signal == Some(KILLED)
    }

    /// Whether there is something to go on with.
    pub(super) fn is_unfinished(&self) -> bool {
        self.was_killed() || self.code == i32::from(ExitCode::Decision.number())
    }
}

impl<'a> Child<'a> {
    pub(super) fn new(
        scenario: &'a ScenarioFileArguments,
        base: &Path,
        name: &str,
    ) -> Result<Child<'a>, Failure> {
        let directory = base.join(name);
        fs::create_dir(&directory)
            .map_err(|error| failure::file("cannot make", &directory, &error))?;
        let tenzik = world::executable().map_err(|error| {
            Failure::machine(
                format!("cannot tell where tenzik lies: {error}"),
                "start it by its path",
            )
        })?;
        Ok(Child {
            scenario,
            directory,
            tenzik,
        })
    }

    /// Where effects are written down.
    pub(super) fn effects_log(&self) -> PathBuf {
        self.directory.join("effects")
    }

    /// Runs the scenario; kills it at a write of the journal, before or after.
    pub(super) fn run(&self, crash: Option<(u64, &str)>) -> Result<Ended, Failure> {
        let mut words: Vec<OsString> = ["scenario", "run", "--json", "--no-guard"]
            .map(Into::into)
            .into();
        words.push(self.scenario.file.clone().into());
        for (name, value) in &self.scenario.var {
            words.push("--var".into());
            words.push(format!("{name}={value}").into());
        }
        for ceiling in &self.scenario.ceiling {
            words.push("--ceiling".into());
            words.push(ceiling.into());
        }
        if let Some((write, side)) = crash {
            words.push(format!("--crash-at={write}:{side}").into());
        }
        words.push("--write-count".into());
        words.push(self.directory.join("writes").into());
        self.command(words)
    }

    /// Goes on with a run; `assume` happened.
    pub(super) fn resume(&self, run: &str, assume: &[String]) -> Result<Ended, Failure> {
        let mut words: Vec<OsString> = ["resume", run, "--json", "--no-guard"]
            .map(Into::into)
            .into();
        for path in assume {
            words.push("--assume".into());
            words.push("done".into());
            words.push(path.into());
        }
        self.command(words)
    }

    /// Writes of the journal that the run made.
    pub(super) fn writes(&self) -> Result<u64, Failure> {
        let path = self.directory.join("writes");
        let text = fs::read_to_string(&path)
            .map_err(|error| failure::file("cannot read the count of writes in", &path, &error))?;
        text.trim()
            .parse()
            .map_err(|_| Failure::machine("the count of writes is no number", "please report it"))
    }

    /// The run, and how it ended, if it did; none if none began.
    pub(super) fn begun(&self) -> Result<Option<(String, Option<String>)>, Failure> {
        let runs = self.json(["runs", "--json"].map(Into::into).into())?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let run = &runs["runs"][0];
        Ok(text(&run["run"]).map(|id| (id, text(&run["ended"]["end"]))))
    }

    /// The states and outputs of the steps of a run, without what differs from run to run.
    pub(super) fn steps(&self, run: &str) -> Result<Value, Failure> {
        let shown = self.json(["show", run, "--json"].map(Into::into).into())?;
        let steps = shown["run"]["steps"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut kept: Vec<Value> = steps
            .iter()
            .map(|step| {
                serde_json::json!([step["path"], step["state"], step["code"], step["reason"]])
            })
            .collect();
        kept.sort_by_key(Value::to_string);
        Ok(Value::Array(kept))
    }

    /// Makes room.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.directory);
    }

    fn command(&self, mut words: Vec<OsString>) -> Result<Ended, Failure> {
        words.push("--effects-log".into());
        words.push(self.effects_log().into());
        let output = self.output(words)?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let events: Vec<Value> = stdout
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let last = events.last().cloned().unwrap_or_default();
        let code = output.status.code().unwrap_or(-1);
        if code == 1 || code == 2 {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::machine(
                format!("a run of the crash test exits with {code}: {said}"),
                "see what tenzik scenario run says",
            ));
        }
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().cloned().unwrap_or_default();
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        Ok(Ended {
            code,
            run: events
                .iter()
                .find_map(|event| event["run"].as_str())
                .unwrap_or_default()
                .to_owned(),
            unknown: texts(&last["unknown"]),
            signal: output.status.signal(),
        })
    }

    fn json(&self, words: Vec<OsString>) -> Result<Value, Failure> {
        let output = self.output(words)?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Failure::machine(
                format!("a command of the crash test failed: {said}"),
                "please report it",
            )
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the crash test is about real processes of tenzik"
    )]
    fn output(&self, words: Vec<OsString>) -> Result<std::process::Output, Failure> {
        Command::new(&self.tenzik)
            .args(words)
            .env("XDG_STATE_HOME", self.directory.join("state"))
            .env_remove("TENZIK_JOURNAL")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failure::file("cannot start", &self.tenzik, &error))
    }
}
