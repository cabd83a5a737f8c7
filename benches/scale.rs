//! What ten million events of a million customers take: memory, disk, time to fold, and time until a server that
//! was killed takes facts again.
//!
//! `cargo bench -p experiment-benches --bench scale [-- EVENTS]`; without `--bench` a small run that only shows
//! that it works. The server is a process of its own, loaded over HTTP.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use experiment_benches::load::{ask, post, run_experiment};
use experiment_benches::process::Process;

type Error = Box<dyn std::error::Error>;

const DEFINITION: &str = r#"{"key": "winback", "assignment": "external", "variants": [{"key": "control"}, {"key": "discount"}],
  "dimensions": ["plan"],
  "metrics": [
    {"key": "retained", "kind": "retention", "event": "order", "window": {"from": "1d", "to": "10d"}, "role": "primary"},
    {"key": "revenue", "kind": "sum", "event": "order", "window": {"to": "10d"}, "covariate": {"event": "order", "lookback": "10d"}},
    {"key": "orders", "kind": "count", "event": "order", "window": {"to": "10d"}},
    {"key": "left", "kind": "conversion", "event": "cancel", "window": {"to": "10d"}}],
  "plan": {"method": "fixed", "target": {"customers_per_arm": 1000}}}"#;
/// Items of a request.
const BATCH: u64 = 10_000;
/// Events of a customer, beside one exposure.
const EVENTS_PER_CUSTOMER: u64 = 10;

fn main() -> Result<ExitCode, Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "serve") {
        return Ok(experiment_server::command::run_process());
    }
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    let chosen = arguments.iter().find_map(|argument| argument.parse().ok());
    let events: u64 = chosen.unwrap_or(if is_measured { 10_000_000 } else { 20_000 });
    let folder = tempfile::tempdir()?;
    let server = Process::serve(folder.path())?;
    println!("idle: {}", memory(&server)?);
    load(&server, events)?;
    tell("loaded and folded", &server, folder.path())?;
    server.kill()?;
    reopen("killed with everything folded", folder.path())?.kill()?;

    let server = Process::serve(folder.path())?;
    wait_for(server.address(), "\"ready\"")?;
    let more = events / 10;
    send(server.address(), events, more)?;
    server.kill()?;
    reopen(&format!("killed right after {more} more"), folder.path())?.kill()?;

    std::fs::remove_file(folder.path().join("state.redb"))?;
    let server = reopen("killed, and state.redb deleted", folder.path())?;
    tell("after folding all again", &server, folder.path())?;
    Ok(ExitCode::SUCCESS)
}

fn load(server: &Process, events: u64) -> Result<(), Error> {
    let address = server.address();
    run_experiment(address, "winback", DEFINITION)?;
    let customers = (events / EVENTS_PER_CUSTOMER).max(1);
    let begun = Instant::now();
    for first in (0..customers).step_by(BATCH as usize) {
        let last = (first + BATCH).min(customers);
        let lines = (first..last).fold(String::new(), |mut lines, customer| {
            let variant = ["control", "discount"][(customer % 2) as usize];
            let plan = ["basic", "plus", "pro"][(customer % 3) as usize];
            // Writing to a text can't fail.
            let _ = writeln!(lines, r#"{{"id":"x-{customer}","customer":"customer-{customer:08}","experiment":"winback","variant":"{variant}","attributes":{{"plan":"{plan}"}}}}"#);
            lines
        });
        take_in(address, "/v1/exposures", &lines)?;
    }
    send(address, 0, events)?;
    let sent = begun.elapsed();
    wait_folded(address)?;
    let (sent, folded) = (sent.as_secs_f64(), begun.elapsed().as_secs_f64());
    let facts = (events + customers) as f64;
    println!(
        "{events} events of {customers} customers in batches of {BATCH}: taken in {sent:.1} s ({:.0}/s), folded in {folded:.1} s ({:.0}/s)",
        facts / sent,
        facts / folded
    );
    Ok(())
}

/// Events `first..first + count`, of customers in no order.
fn send(address: SocketAddr, first: u64, count: u64) -> Result<(), Error> {
    let customers = (count.max(first) / EVENTS_PER_CUSTOMER).max(1);
    for start in (first..first + count).step_by(BATCH as usize) {
        let end = (start + BATCH).min(first + count);
        let lines = (start..end).fold(String::new(), |mut lines, event| {
            // An odd multiplier meets every customer before it meets one again, but in no order of theirs.
            let customer = event.wrapping_mul(0x9e37_79b9_7f4a_7c15) % customers;
            let name = if event % 7 == 0 { "cancel" } else { "order" };
            let value = event % 10_000;
            let _ = writeln!(lines, r#"{{"id":"e-{event}","customer":"customer-{customer:08}","event":"{name}","value":{value}.25}}"#);
            lines
        });
        take_in(address, "/v1/conversions", &lines)?;
    }
    Ok(())
}

/// Sends a batch, again for as long as the server is busy.
fn take_in(address: SocketAddr, path: &str, lines: &str) -> Result<(), Error> {
    let request = post(path, "application/x-ndjson", lines);
    loop {
        let (status, answer) = ask(address, &request)?;
        match status {
            200 if answer.contains("\"rejected\":0") => return Ok(()),
            503 => std::thread::sleep(Duration::from_millis(100)),
            _ => return Err(answer.chars().take(1_000).collect::<String>().into()),
        }
    }
}

/// Starts a server where one was killed; says when it takes facts and when its sums are whole.
fn reopen(what: &str, data: &Path) -> Result<Process, Error> {
    let begun = Instant::now();
    let server = Process::serve(data)?;
    let listening = begun.elapsed().as_secs_f64();
    wait_for(server.address(), "\"ready\"")?;
    let ready = begun.elapsed().as_secs_f64();
    wait_folded(server.address())?;
    let folded = begun.elapsed().as_secs_f64();
    println!(
        "{what}: listens after {listening:.2} s, takes facts after {ready:.2} s, sums whole after {folded:.2} s"
    );
    Ok(server)
}

fn wait_for(address: SocketAddr, text: &str) -> Result<(), Error> {
    while !ask(address, &get("/readyz"))?.1.contains(text) {
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Until the sums include all facts.
fn wait_folded(address: SocketAddr) -> Result<(), Error> {
    loop {
        let (status, answer) = ask(address, &get("/readyz"))?;
        let ready: serde_json::Value = serde_json::from_str(&answer)?;
        if status == 200 && ready["position"] == ready["log_position"] {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").into_bytes()
}

fn tell(what: &str, server: &Process, data: &Path) -> Result<(), Error> {
    let size = |name| std::fs::metadata(data.join(name)).map(|file| file.len() as f64 / 1e9);
    let (log, state) = (size("log.redb")?, size("state.redb")?);
    println!("{what}: {}; log.redb {log:.2} GB, state.redb {state:.2} GB", memory(server)?);
    Ok(())
}

fn memory(server: &Process) -> Result<String, Error> {
    let megabytes = |field| server.memory(field).map(|bytes| bytes as f64 / 1e6);
    Ok(format!("memory {:.0} MB now, {:.0} MB at most", megabytes("VmRSS")?, megabytes("VmHWM")?))
}
