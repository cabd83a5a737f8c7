//! A server in a process of its own, pinned to one core, and what the system says it has used.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Error};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Names a program to take for the server instead of this one: the real one has an allocator of its own.
const SERVER_PROGRAM: &str = "EXPERIMENT_BENCH_SERVER";

/// The core that servers run on.
pub const SERVER_CORE: usize = 0;
/// The core that the load comes from.
pub const LOAD_CORE: usize = 1;

/// A child process that printed `… http://ADDRESS` as its first line. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// This program again with other arguments, on [`SERVER_CORE`]; waits for its address.
    ///
    /// # Errors
    /// It can't be started, or says something else than an address.
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Process, Error> {
        Process::run(&std::env::current_exe()?, arguments)
    }

    fn run<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Process, Error> {
        let core = SERVER_CORE.to_string();
        let mut child = Command::new("taskset")
            .args(["-c", &core])
            .arg(program)
            .args(arguments)
            .env("EXPERIMENT_LOG", "error")
            .env_remove("EXPERIMENT_ADMIN_KEY")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = &mut child.stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match line.trim().rsplit_once("http://").and_then(|(_, address)| address.parse().ok()) {
            Some(address) => Ok(Process { child, address }),
            None => {
                let _ = child.kill();
                Err(Error::other(format!("the server said {line:?}")))
            }
        }
    }

    /// `experiment serve` on a folder, on a free port: this program's, or `EXPERIMENT_BENCH_SERVER`.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn serve(data: &Path) -> Result<Process, Error> {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data"].map(OsStr::new);
        let arguments = arguments.into_iter().chain([data.as_os_str()]);
        match std::env::var_os(SERVER_PROGRAM) {
            Some(program) => Process::run(Path::new(&program), arguments),
            None => Process::start(arguments),
        }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it as a crash does: it gets no chance to write anything more.
    ///
    /// # Errors
    /// What the system says.
    pub fn kill(mut self) -> Result<(), Error> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// The processor time it has used, all threads and both of user and system.
    ///
    /// # Errors
    /// The system doesn't say; Linux does.
    pub fn processor_time(&self) -> Result<Duration, Error> {
        let mut nanoseconds = 0;
        for task in std::fs::read_dir(self.file("task"))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split(' ').next().and_then(|first| first.parse::<u64>().ok());
            nanoseconds += first.ok_or_else(|| Error::other(format!("schedstat is {text:?}")))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Bytes of memory: `VmRSS` for now, `VmHWM` for the most so far.
    ///
    /// # Errors
    /// The system doesn't say; Linux does.
    pub fn memory(&self, field: &str) -> Result<u64, Error> {
        let status = std::fs::read_to_string(self.file("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kibibytes.map(|count| count * 1024).ok_or_else(|| Error::other(format!("no {field} in the status")))
    }

    fn file(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.child.id()).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Moves this process and the threads it will start to [`LOAD_CORE`].
///
/// # Errors
/// There is no such core, or no `taskset`.
pub fn move_to_load_core() -> Result<(), Error> {
    let (core, pid) = (LOAD_CORE.to_string(), std::process::id().to_string());
    let moved = Command::new("taskset").args(["-cp", &core, &pid]).stdout(Stdio::null()).status()?;
    if moved.success() { Ok(()) } else { Err(Error::other("taskset moves nothing; two cores are needed")) }
}
