//! One life of the server, from its start to its kill.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::ensure;
use experiment_server::client::Client;
use experiment_tests::random::Random;

use super::audit::remove_state;
use super::editor::{Changes, Editor};
use super::findings::{Findings, Wrong};
use super::ledger::Ledger;
use super::server::{PATIENCE, Server};
use super::writer::Writer;

/// After so many lives one ends in good order, with its sums recounted and on disk.
const LIVES_PER_PEACE: u64 = 20;

/// About how long a server takes to make its files.
const FIRST_START: Duration = Duration::from_millis(30);

/// When a server is killed.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// While it makes its files, in a folder of its own. The next server must open what is left.
    FirstStart,
    /// While it opens, replays or rebuilds.
    Starting,
    /// While the clients write.
    Busy,
    /// While nobody asks anything of it; the folder may be at work.
    Idle,
    /// While it ends in good order.
    Stopping,
}

/// Everything that outlives the server.
pub(crate) struct World<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) said: &'a Path,
    pub(crate) seconds: f64,
    pub(crate) ledgers: Vec<Ledger>,
    pub(crate) changes: Changes,
    pub(crate) findings: Findings,
    /// How long the last start took that came to its end.
    pub(crate) startup: Duration,
}

impl World<'_> {
    /// Starts a server, uses it and kills it.
    pub(crate) fn live(&mut self, number: u64, mut random: Random) -> anyhow::Result<()> {
        let death = match random.below(20) {
            0 | 1 => Death::FirstStart,
            2..6 => Death::Starting,
            6 | 7 => Death::Idle,
            8 | 9 => Death::Stopping,
            _ => Death::Busy,
        };
        if let Death::FirstStart = death {
            return self.start_anew(&mut random);
        }
        if random.chance(15) {
            remove_state(self.folder)?;
        }
        if number % LIVES_PER_PEACE == LIVES_PER_PEACE - 1 {
            self.live_in_peace()?;
        }
        let mut server = Server::start(self.binary, self.folder, self.said)?;
        let had_ended = if let Death::Starting = death {
            std::thread::sleep(self.startup.mul_f64(1.2 * random.fraction()));
            server.kill()?
        } else {
            let client = server.wait()?;
            self.startup = server.age();
            self.use_and_kill(death, number, &mut server, &client, &mut random)?
        };
        ensure!(!had_ended || matches!(death, Death::Stopping), "the server ended by itself");
        Ok(())
    }

    fn start_anew(&self, random: &mut Random) -> anyhow::Result<()> {
        let folder = self.folder.with_file_name("anew");
        let mut server = Server::start(self.binary, &folder, self.said)?;
        std::thread::sleep(FIRST_START.mul_f64(random.fraction()));
        ensure!(!server.kill()?, "the server ended by itself");
        Server::start(self.binary, &folder, self.said)?.wait()?;
        std::fs::remove_dir_all(folder)?;
        Ok(())
    }

    /// A life between two others: the server catches up, recounts its own sums, and ends in good order.
    fn live_in_peace(&self) -> anyhow::Result<()> {
        let mut server = Server::start(self.binary, self.folder, self.said)?;
        let client = server.wait()?;
        let found = loop {
            let answer = client.post("/v1/verify", "application/json", b"")?;
            if answer.status != 503 {
                break answer.success()?.body;
            }
            // The sums are still far behind the log.
            ensure!(server.age() < PATIENCE, "the sums do not catch up: {}", answer.body);
        };
        for difference in found["differences"].as_array().into_iter().flatten() {
            self.findings.add(Wrong::Mismatch, difference.to_string());
        }
        server.terminate()?;
        server.wait_for_end()
    }

    /// Lets the clients loose until the moment comes. Says whether the server had ended before.
    fn use_and_kill(
        &mut self,
        death: Death,
        number: u64,
        server: &mut Server,
        client: &Client,
        random: &mut Random,
    ) -> anyhow::Result<bool> {
        let (over, findings) = (&AtomicBool::new(false), &self.findings);
        let (changes, client) = (&mut self.changes, || client.clone());
        let mut editor = Editor { client: client(), changes, findings, random: random.fork(0), over };
        ensure!(editor.prepare(), "the server does not take definitions in");
        let duration = Duration::from_secs_f64(self.seconds * random.fraction());
        let pause = Duration::from_millis(random.below(400));
        let killed = std::thread::scope(|scope| {
            scope.spawn(|| editor.work());
            for (name, ledger) in (0..).zip(&mut self.ledgers) {
                let random = random.fork(name + 1);
                let writer = Writer { client: client(), name, ledger, findings, random, life: number, over };
                scope.spawn(|| writer.work());
            }
            std::thread::sleep(duration);
            let killed = match death {
                Death::FirstStart | Death::Starting | Death::Idle => None,
                Death::Busy => Some(server.kill()),
                Death::Stopping => Some(server.terminate().and_then(|()| {
                    std::thread::sleep(pause / 8);
                    server.kill()
                })),
            };
            over.store(true, Ordering::Relaxed);
            killed
        });
        killed.unwrap_or_else(|| {
            std::thread::sleep(pause);
            server.kill()
        })
    }
}
