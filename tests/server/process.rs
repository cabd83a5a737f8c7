//! A server in a process of its own, which a test may kill.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use experiment_server::client::Client;
use experiment_server::command::{self, Console, Exit};

/// Longest wait for a process to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `experiment serve`.
pub(crate) struct Process {
    child: Child,
    pub(crate) client: Client,
}

impl Process {
    /// Starts a server on `data` and waits until it takes facts in.
    pub(crate) fn start(data: &Path) -> Process {
        // A killed server leaves its address behind; only the new one counts.
        let _ = std::fs::remove_file(data.join("server.json"));
        let child = Command::new(env!("CARGO_BIN_EXE_experiment-under-test"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env_remove("EXPERIMENT_ADMIN_KEY")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let since = Instant::now();
        loop {
            assert!(since.elapsed() < PATIENCE, "the server did not become ready");
            if let Some(client) = address(data).map(|url| Client::new(&url, None, None))
                && client.get("/readyz").is_ok_and(|answer| answer.status == 200)
            {
                return Process { child, client };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9; it may be dead already.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
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

fn address(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join("server.json")).ok()?;
    let json: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(json["url"].as_str()?.to_owned())
}

/// Runs a command in this process; gives its exit and what it printed.
pub(crate) fn run(args: &[&str]) -> (Exit, String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let console =
        Console { stdin: &mut std::io::empty(), stdout: &mut stdout, stderr: &mut stderr, progress: false };
    let exit = command::run(std::iter::once("experiment").chain(args.iter().copied()), console);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (exit, text(stdout), text(stderr))
}
