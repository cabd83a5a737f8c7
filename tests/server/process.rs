//! A server in a process of its own, which a test may kill.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use experiment_server::client::Client;
use experiment_server::command::{self, Console, Exit};

/// Longest wait for a process to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `experiment serve`; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) client: Client,
}

impl Process {
    /// Starts a server on `data` and waits until it takes facts in.
    pub(crate) fn start(data: &Path) -> Process {
        Process::start_with(data, |_| {})
    }

    /// The same, with more arguments, another environment or other streams.
    pub(crate) fn start_with(data: &Path, change: impl FnOnce(&mut Command)) -> Process {
        // A killed server leaves its address behind; only the new one counts.
        let _ = std::fs::remove_file(data.join("server.json"));
        let mut command = serve(data);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        change(&mut command);
        let child = command.spawn().unwrap();
        let mut process = Process { child, client: Client::new("http://127.0.0.1:1", None, None) };
        let since = Instant::now();
        loop {
            assert!(since.elapsed() < PATIENCE, "the server did not become ready");
            if let Some(url) = address(data) {
                process.client = Client::new(&url, None, None);
                if process.client.get("/readyz").is_ok_and(|answer| answer.status == 200) {
                    return process;
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Bytes of memory that it takes now.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Starts a server on a folder where it may not be able to leave its address.
    pub(crate) fn start_on_a_full_disk(data: &Path) -> Process {
        let mut child = serve(data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();
        let client = Client::new(url, None, None);
        Process { child, client }
    }

    /// kill -9, from whichever thread.
    pub(crate) fn kill(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }

    /// SIGTERM; says how it ended.
    pub(crate) fn terminate(mut self) -> std::process::ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "the server did not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-under-test"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.env_remove("EXPERIMENT_ADMIN_KEY");
    command
}

/// A server that can't start: its exit code and what it says.
pub(crate) fn refused_start(data: &Path) -> (Option<i32>, String) {
    let output = serve(data).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join("server.json")).ok()?;
    let json: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(json["url"].as_str()?.to_owned())
}

/// Runs a command in this process; gives its exit and what it printed.
pub(crate) fn run(args: &[&str]) -> (Exit, String, String) {
    run_with(b"", args)
}

/// The same, with something to read from stdin.
pub(crate) fn run_with(stdin: &[u8], args: &[&str]) -> (Exit, String, String) {
    let (mut stdin, mut stdout, mut stderr) = (stdin, Vec::new(), Vec::new());
    let console = Console { stdin: &mut stdin, stdout: &mut stdout, stderr: &mut stderr, progress: false };
    let exit = command::run(std::iter::once(&"experiment").chain(args), console);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit, text(stdout), text(stderr))
}

/// What a command printed that must go well and complain of nothing.
pub(crate) fn fine(args: &[&str]) -> String {
    let (exit, stdout, stderr) = run(args);
    assert_eq!((exit, stderr.as_str()), (Exit::Fine, ""), "{stdout}");
    stdout
}

/// What was complained about, which must have been done without any answer.
pub(crate) fn complaint(args: &[&str]) -> String {
    let (exit, stdout, stderr) = run(args);
    assert_eq!((exit, stdout.as_str()), (Exit::WrongUse, ""), "{stderr}");
    stderr
}
