//! Kills the real server again and again while clients write, and looks whether anything is lost:
//! `cargo run -p experiment-tests --bin crash -- --kills 100`.
//!
//! The last line says what was found; the exit code is 1 if it is bad.

mod audit;
mod editor;
mod fact;
mod findings;
mod ledger;
mod life;
mod log;
mod server;
mod writer;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use experiment_tests::random::Random;

use editor::Changes;
use findings::{Findings, Wrong};
use ledger::Ledger;
use life::World;

/// Kill the server, and look whether anything is lost
#[derive(Debug, Parser)]
struct Args {
    /// How often to kill it
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// Chooses what is done and when; the same seed does the same as far as the machine does
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Most seconds for which a server is used before it is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 1.5)]
    seconds_per_life: f64,
    /// Clients that write at the same time
    #[arg(long, default_value_t = 4)]
    writers: u64,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let binary = server::binary()?;
    let work = tempfile::tempdir()?;
    let (folder, said) = (work.path().join("data"), work.path().join("server.log"));
    let mut world = World {
        binary: &binary,
        folder: &folder,
        said: &said,
        seconds: args.seconds_per_life,
        ledgers: (0..args.writers).map(Ledger::new).collect(),
        changes: Changes::default(),
        findings: Findings::default(),
        startup: Duration::from_millis(100),
    };
    if let Err(error) = run(&args, &mut world) {
        world.findings.add(Wrong::Mismatch, format!("{error:#}"));
    }
    if !world.findings.is_empty() {
        // For whoever looks into it.
        eprintln!("the folder and what the servers said stay in {}", work.keep().display());
    }
    let count = |wrong| world.findings.count(wrong);
    let (lost, doubled, mismatches) = (count(Wrong::Lost), count(Wrong::Doubled), count(Wrong::Mismatch));
    let acknowledged = acknowledged(&world);
    println!(
        "{} kills, {acknowledged} acknowledged facts, {lost} lost, {doubled} doubled, {mismatches} mismatches",
        args.kills
    );
    Ok(if world.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn run(args: &Args, world: &mut World<'_>) -> anyhow::Result<()> {
    let random = Random::new(args.seed);
    let since = Instant::now();
    for life in 0..args.kills {
        world.live(life, random.fork(life))?;
        if (life + 1) % 10 == 0 {
            let (acknowledged, seconds) = (acknowledged(world), since.elapsed().as_secs());
            eprintln!("{} kills, {acknowledged} acknowledged facts, {seconds} s", life + 1);
        }
    }
    if !world.folder.join("log.redb").exists() {
        eprintln!("no server came so far as to make a log");
        return Ok(());
    }
    audit::audit_sums(world.folder, &world.findings)?;
    audit::audit_log(world.folder, &world.ledgers, &world.changes, &world.findings)
}

fn acknowledged(world: &World<'_>) -> usize {
    let facts = world.ledgers.iter().map(|ledger| ledger.acknowledged()).sum::<usize>();
    let mut assigned: Vec<&String> = world.ledgers.iter().flat_map(|ledger| ledger.variants.keys()).collect();
    assigned.sort_unstable();
    assigned.dedup();
    facts + assigned.len() + world.changes.acknowledged()
}
