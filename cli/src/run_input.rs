//! Input streams of `tenzik run`: regular files, and everything that may make a run wait.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use tenzik_runtime::{Input, InputStream};

use crate::failure::{self, Failure};
use crate::printer;

/// Time after which a person is shown how far the run is.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// An opened input and whether the receipt commits to all of it, read or not.
pub(crate) struct OpenedInput {
    pub(crate) input: Input,
    pub(crate) whole: bool,
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path, io_timeout: Duration) -> Result<OpenedInput, Failure> {
    let named = |error: io::Error| failure::file("cannot read the input", path, &error);
    let file = if path == Path::new("-") {
        File::from(io::stdin().as_fd().try_clone_to_owned().map_err(named)?)
    } else {
        // A named pipe without a writer must not hold up the opening: the wait for input is bounded.
        open_without_waiting(File::options().read(true), path).map_err(named)?
    };
    let metadata = file.metadata().map_err(named)?;
    if metadata.is_dir() {
        return Err(named(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a directory",
        )));
    }
    if metadata.is_file() {
        let stream = RegularFile::new(file, metadata.len()).map_err(named)?;
        return Ok(OpenedInput {
            input: Input::Stream(Box::new(stream)),
            whole: true,
        });
    }
    Ok(OpenedInput {
        input: Input::Stream(Box::new(WaitingFile { file, io_timeout })),
        whole: false,
    })
}

/// Reads a whole input into memory.
pub(crate) fn read_whole(
    path: &Path,
    io_timeout: Duration,
    bytes_max: u64,
) -> Result<Vec<u8>, Failure> {
    let Input::Stream(mut stream) = open(path, io_timeout)?.input else {
        return Ok(Vec::new());
    };
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failure::file("cannot read the input", path, &error)),
        }
        if bytes.len() as u64 > bytes_max {
            let shown = failure::shown(path);
            return Err(Failure::usage(
                format!("the input {shown} is larger than {bytes_max} bytes"),
                "choose an input that is typical, not one that is large: it is read into memory",
            ));
        }
    }
}

/// A regular file, as long as it was when it was opened.
struct RegularFile {
    file: File,
    start: u64,
    size: u64,
    read: u64,
    progress: Progress,
}

impl RegularFile {
    fn new(mut file: File, file_bytes: u64) -> io::Result<RegularFile> {
        let start = file.stream_position()?;
        let size = file_bytes.saturating_sub(start);
        Ok(RegularFile {
            file,
            start,
            size,
            read: 0,
            progress: Progress::new(size),
        })
    }
}

impl InputStream for RegularFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.size - self.read).unwrap_or(usize::MAX);
        let room = buffer.len().min(rest);
        let count = self.file.read(buffer.get_mut(..room).unwrap_or_default())?;
        if count == 0 && room > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        self.read += count as u64;
        self.progress.at(self.read);
        Ok(count)
    }

    fn size_hint(&self) -> Option<u64> {
        Some(self.size)
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(self.start))?;
        self.read = 0;
        Ok(true)
    }
}

/// A bar on the terminal for runs that take longer than a second.
struct Progress {
    size: u64,
    started: Instant,
    bar: Option<ProgressBar>,
    wanted: bool,
}

impl Progress {
    fn new(size: u64) -> Progress {
        Progress {
            size,
            started: Instant::now(),
            bar: None,
            wanted: size > 1 << 20 && printer::shows_progress(),
        }
    }

    fn at(&mut self, read: u64) {
        if !self.wanted || (self.bar.is_none() && self.started.elapsed() < PROGRESS_AFTER) {
            return;
        }
        let size = self.size;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(size);
            let style = ProgressStyle::with_template(
                "{bar:40} {bytes} of {total_bytes} ({bytes_per_sec}, {eta} left)",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_position(read);
        if read == size {
            bar.finish_and_clear();
        }
    }
}

/// A pipe, a terminal, a device: bytes come when they come.
struct WaitingFile {
    file: File,
    io_timeout: Duration,
}

impl InputStream for WaitingFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            wait(&self.file, PollFlags::IN, self.io_timeout, "no input came")?;
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }

    fn waits(&self) -> bool {
        true
    }
}

/// Opens a file so that neither the opening nor, for pipes, an access that is not ready waits.
pub(crate) fn open_without_waiting(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    options.custom_flags(flags).open(path)
}

/// Waits until `file` is ready for `what`.
pub(crate) fn wait(
    file: &File,
    what: PollFlags,
    timeout: Duration,
    otherwise: &str,
) -> io::Result<()> {
    let limit = Timespec::try_from(timeout).unwrap_or(Timespec {
        tv_sec: i64::MAX,
        tv_nsec: 0,
    });
    loop {
        match poll(&mut [PollFd::new(file, what)], Some(&limit)) {
            Ok(0) => {
                let message = format!("{otherwise} for {}", humantime::format_duration(timeout));
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
