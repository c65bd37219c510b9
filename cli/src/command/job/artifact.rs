//! `tenzik job artifact`.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use tenzik_runtime::Output;
use tenzik_runtime::journal::{Access, ArtifactDigest, Journal};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::journal_arguments::{JournalArguments, artifact_failed};
use crate::output_guard;
use crate::printer::{self, grouped};
use crate::run_output::RunOutput;

use super::seen::{Job, find};

/// How long a reader may keep this command waiting.
const READER_WAITS: Duration = Duration::from_secs(3600);

/// Write an artifact of a job to standard output or a file.
#[derive(Args, Debug)]
#[command(after_help = "\
    The artifact is checked against the digest in the journal before the first byte is written.\n\
    What a job has:  tenzik job show 5f3c\n\
    Take one:        tenzik job artifact 5f3c receipt.json -o receipt.json")]
pub(super) struct ArtifactArguments {
    /// The job, as tenzik job list prints it; its first characters will do, at least 4.
    #[arg(value_name = "JOB")]
    job: String,
    /// The name of the artifact, or the beginning of its digest, at least 4 digits.
    #[arg(value_name = "NAME")]
    name: String,
    /// Write to this file, which appears when it is complete. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object about the file.
    #[arg(long, requires = "output")]
    json: bool,
}

pub(super) fn run(arguments: &ArtifactArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ArtifactArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let job = find(&journal, &arguments.job)?;
    let digest = digest(&job, &arguments.name)?;
    let mut reader = journal
        .open_artifact(&digest)
        .map_err(|error| artifact_failed(&error))?;
    reader.verify().map_err(|error| artifact_failed(&error))?;
    let path = arguments.output.as_deref();
    if let Some(path) = path {
        output_guard::check_with_journal(path, &journal, Some(&job.run))?;
    }
    let bytes = write(&journal, &digest, path)?;
    let Some(path) = path else {
        return Ok(());
    };
    if arguments.json {
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "output": path.to_string_lossy(),
            "digest": digest.to_hex(),
            "bytes": bytes,
        }));
    } else {
        printer::note(&format!("{}: {} B", shown(path), grouped(bytes)));
    }
    Ok(())
}

/// The content that the job's outcome names so.
fn digest(job: &Job, name: &str) -> Result<ArtifactDigest, Failure> {
    let artifacts = &job.body.artifacts;
    let named = artifacts.iter().find(|artifact| artifact.name == name);
    let by_digest = || {
        artifacts
            .iter()
            .find(|artifact| name.len() >= 4 && artifact.digest.starts_with(name))
    };
    let unknown = || {
        let names: Vec<&str> = artifacts
            .iter()
            .map(|artifact| artifact.name.as_str())
            .collect();
        let remedy = match names.as_slice() {
            [] => "the job has no artifacts".to_owned(),
            names => format!("it has {}", names.join(", ")),
        };
        Failure::usage(format!("job {} has no artifact {name:?}", job.job), remedy)
    };
    let artifact = named.or_else(by_digest).ok_or_else(unknown)?;
    artifact
        .digest
        .parse()
        .map_err(|_| Failure::usage(format!("{:?} is no digest", artifact.digest), ""))
}

fn write(journal: &Journal, digest: &ArtifactDigest, path: Option<&Path>) -> Result<u64, Failure> {
    let mut reader = journal
        .open_artifact(digest)
        .map_err(|error| artifact_failed(&error))?;
    let (output, to) = match path {
        None => RunOutput::stdout(READER_WAITS)?,
        Some(path) => RunOutput::file(path, READER_WAITS)?,
    };
    let Output::Stream(mut stream) = to else {
        return Err(Failure::machine(
            "the output is not a stream",
            "please report it",
        ));
    };
    let (mut bytes, mut buffer) = (0, vec![0; 64 << 10]);
    loop {
        let count = reader.read(&mut buffer).map_err(|error| {
            Failure::machine(
                format!("cannot read the artifact {digest}: {error}"),
                "try again",
            )
        })?;
        if count == 0 {
            break;
        }
        match (stream.write(buffer.get(..count).unwrap_or_default()), path) {
            (Ok(()), _) => bytes += count as u64,
            (Err(error), None) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(bytes),
            (Err(error), path) => {
                let path = path.unwrap_or(Path::new("-"));
                return Err(failure::file("cannot write", path, &error));
            }
        }
    }
    output.finish(true)?;
    Ok(bytes)
}
