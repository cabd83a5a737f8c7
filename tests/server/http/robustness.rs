//! Clients that are slow, gone, many, greedy or broken: limits answer, and the server stays up.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::process::Process;

use super::under_test::Served;

/// The addresses that take a body.
const WITH_BODY: [&str; 7] = [
    "/v1/assign",
    "/v1/exposures",
    "/v1/conversions",
    "/v1/experiments",
    "/v1/experiments/winback/start",
    "/v1/experiments/winback/conclude",
    "/v1/power",
];

/// The statuses of what came back on one connection.
fn statuses(answers: &str) -> Vec<u16> {
    let heads = answers.match_indices("HTTP/1.1 ").map(|(at, prefix)| &answers[at + prefix.len()..][..3]);
    heads.map(|status| status.parse().unwrap()).collect()
}

/// What a probe asks for on a connection of its own.
const PROBE: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Whether what was asked on a connection is answered, within a time.
fn is_answered(stream: &TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok() && line == "HTTP/1.1 200 OK\r\n"
}

#[test]
fn any_one_byte_is_answered() {
    let served = Served::with_winback();
    for path in WITH_BODY {
        for byte in 0..=u8::MAX {
            let answer = served.call_bytes("POST", path, &[], &[byte]);
            // A step of a life cycle may have no body, and blanks are none.
            let is_fine = (200..300).contains(&answer.status) && byte.is_ascii_whitespace();
            assert!(is_fine || (400..500).contains(&answer.status), "{path} {byte}: {}", answer.text);
        }
    }
    assert_eq!(served.get("/healthz").status, 200);
}

#[test]
fn a_body_that_comes_byte_by_byte_is_read() {
    let served = Served::with_winback();
    let mut stream = served.connect();
    let body = r#"{"experiment": "winback", "customer": {"id": "a"}}"#;
    let head = format!(
        "POST /v1/assign HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    for byte in head.bytes().chain(body.bytes()) {
        stream.write_all(&[byte]).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(statuses(&answer), [200], "{answer}");
}

#[test]
fn who_does_not_read_is_cut_off() {
    let served = Served::start_with(|settings| settings.timeouts.write = Duration::from_millis(500));
    let mut greedy = served.connect();
    greedy.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    let asked = 20_000;
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for _ in 0..asked {
        // The server reads on only while its answers are taken.
        match greedy.write_all(request) {
            Ok(()) => {}
            Err(error) => {
                let is_expected = matches!(
                    error.kind(),
                    ErrorKind::WouldBlock
                        | ErrorKind::TimedOut
                        | ErrorKind::BrokenPipe
                        | ErrorKind::ConnectionReset
                );
                assert!(is_expected, "{error}");
                break;
            }
        }
    }
    // Others are served meanwhile, and after a while nobody else is connected.
    let since = Instant::now();
    while !served.get("/metrics").text.contains("experiment_http_connections 1.0\n") {
        assert!(since.elapsed() < Duration::from_secs(60), "it is still connected");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut answers = Vec::new();
    // Ends in an end of file or a reset: the connection is gone.
    let ended = greedy.read_to_end(&mut answers);
    assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    let answered = statuses(&String::from_utf8_lossy(&answers)).len();
    assert!(answered < asked, "{answered} answers to somebody who did not read");
}

#[test]
fn thousands_of_connections_leave_room_for_others() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path());
    let address = process.client.url().strip_prefix("http://").unwrap().to_owned();
    let idle: Vec<TcpStream> = (0..3_000).map(|_| TcpStream::connect(&address).unwrap()).collect();
    // Half of them have begun a request that they don't end.
    for mut stream in idle.iter().step_by(2) {
        stream.write_all(b"POST /v1/assign HTTP/1.1\r\nHost: local").unwrap();
    }
    for _ in 0..100 {
        assert_eq!(process.client.get("/healthz").unwrap().status, 200);
    }
    let resident = process.resident_bytes();
    assert!(resident < 200_000_000, "{resident} bytes for 3,000 connections");
    drop(idle);
    assert!(process.terminate().success());
}

#[test]
fn a_connection_more_than_there_may_be_waits_for_one_to_end() {
    let served = Served::start_with(|settings| settings.max_connections = 2);
    let (first, second) = (served.connect(), served.connect());
    let mut third = served.connect();
    third.write_all(PROBE).unwrap();
    third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let waits = third.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(waits.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{waits}");
    drop(first);
    assert!(is_answered(&third, Duration::from_secs(30)));
    drop(second);
}

#[test]
fn a_burst_of_connections_finds_no_closed_door() {
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap_or_default();
    if allowed.trim().parse::<usize>().unwrap_or(0) < 1_000 {
        eprintln!("SKIPPED: this system lets few connections wait ({allowed:?}), or doesn't say how many");
        return;
    }
    let served = Served::start_with(|settings| settings.max_connections = 1);
    let taken = served.connect();
    let address = served.server().url().strip_prefix("http://").unwrap().parse().unwrap();
    // One that finds the queue full is asked for again by the system after a second.
    let soon = Duration::from_millis(900);
    let waiting: Result<Vec<TcpStream>, _> =
        (0..700).map(|_| TcpStream::connect_timeout(&address, soon)).collect();
    let mut waiting = waiting.unwrap();
    drop(taken);
    // Each gets its turn.
    for stream in &mut waiting[..3] {
        stream.write_all(PROBE).unwrap();
        assert!(is_answered(stream, Duration::from_secs(30)));
    }
}

#[test]
fn who_sends_nothing_makes_room_when_most_connections_are_taken() {
    let served = Served::start_with(|settings| {
        settings.max_connections = 8;
        settings.timeouts.head = Duration::from_secs(60);
    });
    let silent: Vec<TcpStream> = (0..8).map(|_| served.connect()).collect();
    for mut stream in &silent {
        stream.write_all(b"POST /v1/assign HTTP/1.1\r\nHost: local").unwrap();
    }
    let mut stream = served.connect();
    stream.write_all(PROBE).unwrap();
    // Long before their minute is over.
    assert!(is_answered(&stream, Duration::from_secs(40)));
}

#[test]
fn what_was_acknowledged_before_a_stop_under_load_is_there_after_it() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path());
    let client = process.client.clone();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let client = client.clone();
            std::thread::spawn(move || {
                let mut acknowledged = 0;
                loop {
                    let body = format!(
                        "{{\"id\": \"{acknowledged}\", \"customer\": \"c-{writer}\", \"event\": \"order\"}}"
                    );
                    match client.post("/v1/conversions", "application/json", body.as_bytes()) {
                        Ok(answer) if answer.status == 200 => acknowledged += 1,
                        // The server is stopping or gone.
                        Ok(_) | Err(_) => return acknowledged,
                    }
                }
            })
        })
        .collect();
    // Under load: some of it has been acknowledged, more is on its way.
    while process.client.get("/readyz").unwrap().body["log_position"].as_u64().unwrap() < 100 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(process.terminate().success());
    let acknowledged: Vec<u64> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    assert!(acknowledged.iter().all(|count| *count > 0), "{acknowledged:?}");
    let again = Process::start(data.path());
    for (writer, count) in acknowledged.iter().enumerate() {
        for id in 0..*count {
            let body = format!("{{\"id\": \"{id}\", \"customer\": \"c-{writer}\", \"event\": \"order\"}}");
            let answer = again.client.post("/v1/conversions", "application/json", body.as_bytes()).unwrap();
            assert_eq!(answer.body["duplicates"], 1, "{body}: {}", answer.body);
        }
    }
}
