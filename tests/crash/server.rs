//! The real server in a process of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use experiment_server::client::Client;
use experiment_server::running::RunningServer;

/// Longest wait for a server to take facts in, to catch up or to end, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Builds `experiment` as this program was built, and says where it is: beside this program.
pub(crate) fn binary() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this.parent().context("this program lies in no folder")?;
    let path = folder.join(format!("experiment{}", std::env::consts::EXE_SUFFIX));
    // Under cargo it is made anew when it is old; cargo's own variables say that it is there.
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--locked", "-p", "experiment-server", "--bin", "experiment"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        ensure!(build.status()?.success(), "the server can't be built");
    }
    ensure!(
        path.is_file(),
        "{} is not there; run this by `cargo run -p experiment-tests --bin crash`",
        path.display()
    );
    Ok(path)
}

/// A server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    since: Instant,
}

impl Server {
    /// Starts it; it may not answer yet. What it says goes to `said`.
    pub(crate) fn start(binary: &Path, folder: &Path, said: &Path) -> anyhow::Result<Server> {
        // A killed server leaves its address behind; only the new one counts.
        let _ = std::fs::remove_file(folder.join("server.json"));
        let said = File::options().create(true).append(true).open(said)?;
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder);
        command.env_remove("EXPERIMENT_ADMIN_KEY").stdout(Stdio::null()).stderr(said);
        Ok(Server { child: command.spawn()?, folder: folder.to_owned(), since: Instant::now() })
    }

    /// Waits until it takes facts in.
    pub(crate) fn wait(&mut self) -> anyhow::Result<Client> {
        while self.since.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended by itself when it was started: {status}");
            }
            if let Some(running) = RunningServer::read(&self.folder)? {
                let client = Client::new(&running.url, None, Some(running.start_token));
                if client.get("/readyz").is_ok_and(|answer| answer.status == 200) {
                    return Ok(client);
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the server was not ready after {PATIENCE:?}")
    }

    /// How long it has run.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// SIGTERM: it begins to end.
    pub(crate) fn terminate(&self) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status()?.success(), "it can't be told to end");
        Ok(())
    }

    /// Waits until it has ended, which must be in good order.
    pub(crate) fn wait_for_end(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended badly: {status}");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the server did not end within {PATIENCE:?}")
    }

    /// kill -9. Says whether it had ended before.
    pub(crate) fn kill(&mut self) -> anyhow::Result<bool> {
        let had_ended = self.child.try_wait()?.is_some();
        self.child.kill()?;
        self.child.wait()?;
        Ok(had_ended)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
