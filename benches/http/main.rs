//! The server over HTTP beside a bare axum handler, in one run, server and load each on a core of its own.
//!
//! `cargo bench -p experiment-benches --bench http`; without `--bench` a short run that only shows that it
//! works. Prints the server's processor time a request, requests a second, latency at half and at 80 % of
//! saturation from when each request was meant to be sent, durable conversions a second, and idle memory.

mod bare;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use experiment_benches::load::{Outcome, Pace, ask, offer, post, run_experiment};
use experiment_benches::process::{Process, move_to_load_core};

type Error = Box<dyn std::error::Error>;

const DEFINITION: &str = r#"{"key": "winback", "variants": [
  {"key": "control"},
  {"key": "discount", "payload": {"percent": 20}, "offer": {"kind": "discount", "taken": "redeemed", "cost": [{"event": "redeemed", "each": 5.0}]}}],
  "dimensions": ["plan"],
  "metrics": [
    {"key": "retained", "kind": "retention", "event": "order", "window": {"from": "1d", "to": "10d"}, "role": "primary"},
    {"key": "revenue", "kind": "sum", "event": "order", "window": {"to": "10d"}}],
  "plan": {"method": "fixed", "target": {"customers_per_arm": 1000}}}"#;
const JSON: &str = "application/json";
/// Customers whose exposure is known before the clock runs.
const CUSTOMERS: u64 = 10_000;
/// Connections of the comparison.
const CONNECTIONS: usize = 64;

fn main() -> Result<ExitCode, Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", ..] => return Ok(experiment_server::command::run_process()),
        ["bare", path, answer] => {
            bare::serve(path, answer)?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    move_to_load_core()?;
    let (span, rounds) =
        if is_measured { (Duration::from_secs(3), 5) } else { (Duration::from_millis(50), 1) };
    let folder = tempfile::tempdir()?;
    let server = Process::serve(folder.path())?;
    std::thread::sleep(Duration::from_secs(1));
    println!("idle memory: {:.1} MB", server.memory("VmRSS")? as f64 / 1e6);
    run_experiment(server.address(), "winback", DEFINITION)?;
    let assign =
        Subject::new("POST /v1/assign, known exposure", server.address(), "/v1/assign", assign_body)?;
    assign.warm_up()?;
    compare(&server, &assign, span, rounds)?;
    let path = "/ofrep/v1/evaluate/flags/winback";
    let flag = Subject::new("POST /ofrep/v1/evaluate/flags/{key}", server.address(), path, flag_body)?;
    compare(&server, &flag, span, rounds)?;
    conversions(server.address(), span)?;
    println!(
        "memory at the end: {:.1} MB, at most {:.1} MB",
        server.memory("VmRSS")? as f64 / 1e6,
        server.memory("VmHWM")? as f64 / 1e6
    );
    Ok(ExitCode::SUCCESS)
}

/// One call of the server, and the bare handler that answers what it answers.
struct Subject {
    name: &'static str,
    address: SocketAddr,
    bare: Process,
    requests: Vec<Vec<u8>>,
}

fn assign_body(customer: u64) -> String {
    format!(
        r#"{{"experiment":"winback","customer":{{"id":"customer-{customer:06}","attributes":{{"plan":"plus"}}}}}}"#
    )
}

fn flag_body(customer: u64) -> String {
    format!(r#"{{"context":{{"targetingKey":"customer-{customer:06}","plan":"plus"}}}}"#)
}

impl Subject {
    fn new(
        name: &'static str,
        address: SocketAddr,
        path: &str,
        body: impl Fn(u64) -> String,
    ) -> Result<Subject, Error> {
        let requests: Vec<Vec<u8>> =
            (0..CUSTOMERS).map(|customer| post(path, JSON, &body(customer))).collect();
        // The first answer records, the second is what all later ones look like.
        ask(address, &requests[0])?;
        let (status, answer) = ask(address, &requests[0])?;
        if status != 200 {
            return Err(answer.into());
        }
        println!("\n{name}: {} bytes asked, answered {answer}", body(0).len());
        let bare = Process::start(["bare", path, &answer])?;
        Ok(Subject { name, address, bare, requests })
    }

    fn load(&self, address: SocketAddr, pace: Pace, span: Duration) -> Result<Outcome, Error> {
        offer(address, CONNECTIONS, pace, span, |index| self.requests[(index % CUSTOMERS) as usize].clone())
    }

    /// Every customer's exposure is recorded and known.
    fn warm_up(&self) -> Result<(), Error> {
        let mut next = 0;
        while next < CUSTOMERS {
            let first = next;
            let outcome =
                offer(self.address, CONNECTIONS, Pace::Closed, Duration::from_millis(200), |index| {
                    next = first + index + 1;
                    self.requests[((first + index) % CUSTOMERS) as usize].clone()
                })?;
            if outcome.answered == 0 {
                return Err("the server answers nothing".into());
            }
        }
        Ok(())
    }
}

/// Round by round, so that whatever else the machine does meets both alike.
fn compare(server: &Process, subject: &Subject, span: Duration, rounds: usize) -> Result<(), Error> {
    let (mut ours, mut bare, mut rates, mut bare_rates) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let (cost, rate) = at_saturation(subject, &subject.bare, span)?;
        bare.push(cost);
        bare_rates.push(rate);
        let (cost, rate) = at_saturation(subject, server, span)?;
        ours.push(cost);
        rates.push(rate);
    }
    let ratios: Vec<f64> = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
    let (rate, bare_rate) = (median(&rates), median(&bare_rates));
    println!("{}, {CONNECTIONS} connections, medians of {rounds} rounds", subject.name);
    println!(
        "  processor time a request: {:.2} µs, bare {:.2} µs, ratio {:.2}",
        median(&ours),
        median(&bare),
        median(&ratios)
    );
    println!("  requests a second: {rate:.0}, bare {bare_rate:.0}");
    for share in [0.5, 0.8] {
        let (mut ours, mut bare) = (vec![], vec![]);
        for _ in 0..rounds {
            ours.push(subject.load(server.address(), Pace::PerSecond(rate * share), span)?);
            bare.push(subject.load(subject.bare.address(), Pace::PerSecond(bare_rate * share), span)?);
        }
        tell_latency("", share, &ours);
        tell_latency("bare ", share, &bare);
    }
    Ok(())
}

/// Medians of rounds, of the longest waits too: a pause of the machine meets one round.
fn tell_latency(whose: &str, share: f64, rounds: &[Outcome]) {
    let of = |figure: &dyn Fn(&Outcome) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
    let micros = |quantile: f64| of(&|outcome| outcome.quantile(quantile).as_secs_f64() * 1e6);
    println!(
        "  {whose}at {:.0} % of saturation ({:.0}/s): p50 {:.0} µs, p99 {:.0} µs, p99.9 {:.0} µs, most {:.0} µs",
        share * 100.0,
        of(&Outcome::rate),
        micros(0.5),
        micros(0.99),
        micros(0.999),
        micros(1.0),
    );
}

/// Microseconds of processor time a request, and requests a second.
fn at_saturation(subject: &Subject, process: &Process, span: Duration) -> Result<(f64, f64), Error> {
    let before = process.processor_time()?;
    let outcome = subject.load(process.address(), Pace::Closed, span)?;
    let used = process.processor_time()?.saturating_sub(before);
    Ok((used.as_secs_f64() * 1e6 / outcome.answered as f64, outcome.rate()))
}

/// Single events, each acknowledged once it is on disk: those that wait together share a commit.
fn conversions(address: SocketAddr, span: Duration) -> Result<(), Error> {
    println!("\nPOST /v1/conversions, one event a request, each on disk before its answer");
    let (mut made, mut alone) = (0_u64, None);
    for connections in [1, 64, 512] {
        let outcome = offer(address, connections, Pace::Closed, span, |_| {
            made += 1;
            let customer = made % CUSTOMERS;
            post(
                "/v1/conversions",
                JSON,
                &format!(
                    r#"{{"id":"e-{made}","customer":"customer-{customer:06}","event":"order","value":12.5}}"#
                ),
            )
        })?;
        let rate = outcome.rate();
        let times = rate / *alone.get_or_insert(rate);
        println!("  {connections} connections: {rate:.0}/s, {times:.1} times one");
    }
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
