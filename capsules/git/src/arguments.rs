//! The arguments of git.

use program::Arguments;
use request::items;
use tenzik_sdk::Process;

/// What every call of git has. An option of the command line wins over any file.
pub(crate) const FIXED: &str = concat!(
    "\"git\",\"--no-pager\",\"--no-optional-locks\"",
    ",\"-c\",\"core.hooksPath=/dev/null\"",
    ",\"-c\",\"core.fsmonitor=false\"",
    ",\"-c\",\"core.sshCommand=/bin/false\"",
    ",\"-c\",\"core.gitProxy=/bin/false\"",
    ",\"-c\",\"core.askPass=/bin/false\"",
    ",\"-c\",\"core.editor=/bin/false\"",
    ",\"-c\",\"core.alternateRefsCommand=/bin/false\"",
    ",\"-c\",\"credential.helper=\"",
    ",\"-c\",\"protocol.allow=never\"",
    ",\"-c\",\"protocol.https.allow=always\"",
    ",\"-c\",\"protocol.file.allow=always\"",
    ",\"-c\",\"gc.auto=0\"",
    ",\"-c\",\"maintenance.auto=false\"",
);

/// A call of git.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Clone,
    Pull,
    Status,
    Log,
    /// Lists the names in the configuration of the repository.
    Config,
    /// Names the commit that is checked out; its output ends with a line end.
    Head,
}

/// The request of the run: each value as it is written in JSON.
pub(crate) struct Request<'a> {
    pub(crate) repository: &'a [u8],
    pub(crate) directory: &'a [u8],
    pub(crate) depth: &'a [u8],
}

impl Request<'_> {
    /// Starts git for `operation`.
    pub(crate) fn start(&self, operation: Operation, buffer: &mut [u8]) -> Process {
        let mut arguments = Arguments::new(buffer, FIXED);
        if operation == Operation::Clone {
            arguments.json(
                b",\"clone\",\"-q\",\"--no-local\",\"--no-recurse-submodules\",\"--template=\"",
            );
            if !self.depth.is_empty() {
                arguments.json(b",\"--depth=");
                arguments.json(self.depth);
                arguments.json(b"\"");
            }
            for part in [b",\"--\",", self.repository, b",", self.directory] {
                arguments.json(part);
            }
            return arguments.start();
        }
        // Named so, neither a directory above nor the configuration says where the files are.
        let directory = items(self.directory);
        for part in [
            b",\"--git-dir=",
            directory,
            b"/.git\",\"--work-tree=",
            directory,
            b"\",",
        ] {
            arguments.json(part);
        }
        arguments.json(match operation {
            Operation::Config => b"\"config\",\"--local\",\"--list\",\"--name-only\",\"-z\"",
            Operation::Head => b"\"rev-parse\",\"--verify\",\"-q\",\"HEAD\"",
            Operation::Pull => b"\"pull\",\"-q\",\"--ff-only\",\"--no-recurse-submodules\"",
            Operation::Status => {
                b"\"status\",\"--porcelain=v2\",\"--branch\",\"-z\",\"--untracked-files=all\",\"--ignore-submodules=all\",\"--no-renames\""
            }
            _ => b"\"log\",\"-z\",\"--no-color\",\"--no-show-signature\",\"--no-mailmap\",\"--encoding=UTF-8\",\"--format=%H%x00%an%x00%ae%x00%aI%x00%s\",\"--max-count=",
        });
        if operation == Operation::Log {
            arguments.json(if self.depth.is_empty() {
                b"100"
            } else {
                self.depth
            });
            arguments.json(b"\",\"HEAD\",\"--\"");
        }
        arguments.start()
    }
}
