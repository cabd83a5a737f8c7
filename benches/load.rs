//! A client of many connections in one thread: as fast as answers come, or at a rate whatever comes.
//!
//! At a rate, a request's latency counts from when it was meant to be sent: one that had to wait for a free
//! connection has waited, as a customer would.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Each connection sends its next one when it has the answer to the last.
    Closed,
    /// So many a second are meant to be sent.
    PerSecond(f64),
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Answers of status 200.
    pub answered: u64,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Nanoseconds from the intended start to the last byte of the answer.
    pub latency: Histogram<u64>,
}

impl Outcome {
    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.took.as_secs_f64()
    }

    /// The latency that a share of the requests did not exceed.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latency.value_at_quantile(share))
    }
}

/// One connection and what it waits for.
struct Connection {
    stream: TcpStream,
    /// When its request was meant to be sent; `None` while it is free.
    due: Option<Instant>,
    received: Vec<u8>,
}

/// Offers load for `span` over so many connections; `request` makes the bytes of the n-th request.
///
/// # Errors
/// A connection fails, or an answer is not of status 200.
pub fn offer(
    address: SocketAddr,
    connections: usize,
    pace: Pace,
    span: Duration,
    mut request: impl FnMut(u64) -> Vec<u8>,
) -> Result<Outcome, Box<dyn std::error::Error>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(connections.max(1));
    let mut open = Vec::with_capacity(connections);
    for index in 0..connections {
        // The waiting is over before the clock runs.
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
        open.push(Connection { stream, due: None, received: Vec::with_capacity(4096) });
    }
    let mut free: VecDeque<usize> = (0..connections).collect();
    let mut latency = Histogram::new_with_bounds(1, 600_000_000_000, 3)?;
    let (begun, mut sent, mut answered) = (Instant::now(), 0, 0);
    loop {
        let now = Instant::now();
        let is_over = now - begun >= span;
        if is_over && free.len() == connections {
            break;
        }
        while let Some(&index) = free.front().filter(|_| !is_over) {
            let due = match pace {
                Pace::Closed => now,
                Pace::PerSecond(rate) => begun + Duration::from_secs_f64(sent as f64 / rate),
            };
            if due > now {
                break;
            }
            free.pop_front();
            // Without a rate it is meant to be sent just when it is.
            open[index].due = Some(if pace == Pace::Closed { Instant::now() } else { due });
            let bytes = request(sent);
            // A request of a few hundred bytes always fits the empty buffer of a socket.
            open[index].stream.write_all(&bytes)?;
            sent += 1;
        }
        // At a rate the next request may be due at once: this core has nothing else to do.
        let patience = if pace == Pace::Closed { Duration::from_millis(100) } else { Duration::ZERO };
        poll.poll(&mut events, Some(patience))?;
        for event in &events {
            let connection = &mut open[event.token().0];
            if connection.read_answer()?
                && let Some(due) = connection.due.take()
            {
                latency.record(u64::try_from(due.elapsed().as_nanos())?.max(1))?;
                answered += 1;
                free.push_back(event.token().0);
            }
        }
    }
    Ok(Outcome { answered, took: begun.elapsed(), latency })
}

impl Connection {
    /// Reads what is there; whether the answer is whole.
    fn read_answer(&mut self) -> Result<bool, Error> {
        let mut piece = [0; 4096];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.received.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
            if let Some(body) = whole_answer(&self.received)? {
                if !self.received.starts_with(b"HTTP/1.1 200 ") {
                    return Err(Error::other(String::from_utf8_lossy(body).into_owned()));
                }
                self.received.clear();
                return Ok(true);
            }
        }
    }
}

/// The body, once all of it is there.
fn whole_answer(received: &[u8]) -> Result<Option<&[u8]>, Error> {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = received[..end].to_ascii_lowercase();
    let name = b"content-length: ";
    let length = head.windows(name.len()).position(|bytes| bytes == name).map(|at| &head[at + name.len()..]);
    let digits = length.and_then(|rest| rest.split(|byte| *byte == b'\r').next());
    let length = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
    let length = length.ok_or_else(|| Error::other("an answer without Content-Length"))?;
    let body = &received[end + 4..];
    Ok((body.len() >= length).then_some(body))
}

/// Creates an experiment and starts it.
///
/// # Errors
/// The connection fails, or the server refuses.
pub fn run_experiment(address: SocketAddr, key: &str, definition: &str) -> Result<(), Error> {
    let start = format!("/v1/experiments/{key}/start");
    for (path, body) in [("/v1/experiments", definition), (start.as_str(), "")] {
        let (status, answer) = ask(address, &post(path, "application/json", body))?;
        if !(200..300).contains(&status) {
            return Err(Error::other(answer));
        }
    }
    Ok(())
}

/// The bytes of a request with a body of a media type.
#[must_use]
pub fn post(path: &str, media_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Sends one request on a connection of its own; status and body of the answer.
///
/// # Errors
/// The connection fails.
pub fn ask(address: SocketAddr, request: &[u8]) -> Result<(u16, String), Error> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(request)?;
    let mut received = Vec::new();
    let mut piece = [0; 65536];
    loop {
        let count = stream.read(&mut piece)?;
        received.extend_from_slice(&piece[..count]);
        let body = whole_answer(&received)?;
        if let Some(body) = body {
            let status = std::str::from_utf8(&received[9..12]).ok().and_then(|digits| digits.parse().ok());
            let status = status.ok_or_else(|| Error::other("an answer without status"))?;
            return Ok((status, String::from_utf8_lossy(body).into_owned()));
        }
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}
