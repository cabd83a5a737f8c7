//! Facts as a stream: one a line, however many, each answered by a line once it is on disk.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc::{Receiver, channel};
use utoipa::ToSchema;

use super::auth::Caller;
use super::batch::{Item, read_item};
use super::body::not_compressed;
use super::compression::{Decoder, Encoding};
use super::intake::{Answer, Flagged, ItemError, Parse};
use super::limits::{MAX_ITEM_BYTES, STREAM_BATCH_ITEMS, STREAM_BUSY, STREAM_CHUNKS};
use super::problem::{FieldError, Kind, Problem};
use super::state::AppState;
use super::stream::stream;
use crate::store::{IntakeError, Outcome, Proposal};

/// The media type of both directions.
const NDJSON: &str = "application/x-ndjson";
/// How long to wait before a busy store is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the client wants a line for each line.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepts.flat_map(|value| value.split(',')).map(|one| one.split(';').next().unwrap_or(one));
    types.any(|one| one.trim().eq_ignore_ascii_case(NDJSON))
}

/// Reads lines as they come and answers them as they are written: what waits for the writer is bounded, and so
/// is what waits for the client.
///
/// # Errors
/// 415 for a compression that is not read here, 503 when there are as many streams as may be.
pub(super) fn take_in(
    app: &AppState,
    caller: Caller,
    request: Request,
    parse: Parse,
) -> Result<Response, Problem> {
    let encoding = Encoding::of(request.headers())?;
    let Ok(turn) = std::sync::Arc::clone(&app.streams).try_acquire_owned() else {
        return Err(Problem::busy("as many streams as may be are under way; mend: wait for one to end"));
    };
    let pieces = receive(request, app.settings.timeouts.body);
    let app = app.clone();
    Ok(stream(NDJSON, move |to| {
        let _turn = turn;
        let lines = Lines::new(&app, caller, parse, to);
        answer_lines(pieces, encoding, lines)
    }))
}

/// A piece of the body, `None` for its end, or what is wrong with it.
type Piece = Result<Option<Bytes>, Problem>;

/// The body, piece by piece: on a channel, since who reads it blocks.
fn receive(request: Request, patience: Duration) -> Receiver<Piece> {
    let (sender, pieces) = channel(STREAM_CHUNKS);
    let mut body = request.into_body();
    tokio::spawn(async move {
        loop {
            let piece = match tokio::time::timeout(patience, body.frame()).await {
                Ok(None) => Ok(None),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Ok(Some(data)),
                    Err(_) => continue,
                },
                Ok(Some(Err(_))) => {
                    let broken = FieldError::new("", "the body ended early", "send the rest again");
                    Err(Problem::of_field(Kind::InvalidBody, broken))
                }
                Err(_) => {
                    let seconds = patience.as_secs_f64();
                    let detail = format!("nothing came for {seconds} s; mend: send the rest again");
                    Err(Problem::new(Kind::BodyTimeout, detail))
                }
            };
            let is_last = !matches!(piece, Ok(Some(_)));
            if sender.send(piece).await.is_err() || is_last {
                return;
            }
        }
    });
    pieces
}

fn answer_lines(mut pieces: Receiver<Piece>, encoding: Encoding, lines: Lines<'_>) -> io::Result<()> {
    let mut decoder = Decoder::new(encoding, lines)?;
    let problem = loop {
        let taken = match pieces.blocking_recv() {
            // Whoever sends slowly is answered as they send.
            Some(Ok(Some(piece))) => decoder.take(&piece).and_then(|()| decoder.sink().settle()),
            Some(Ok(None)) => {
                let finished = decoder.finish().and_then(|()| decoder.sink().end_of_lines());
                break finished.err().map(|error| not_compressed(encoding, &error));
            }
            Some(Err(broken)) => break Some(broken),
            // Whoever received it was ended with the server.
            None => break Some(IntakeError::Closed.into()),
        };
        if let Err(error) = taken {
            break Some(not_compressed(encoding, &error));
        }
    };
    decoder.sink().end(problem)
}

/// The lines of a body on their way to the store and back.
struct Lines<'a> {
    app: &'a AppState,
    caller: Caller,
    parse: Parse,
    to: &'a mut dyn Write,
    /// The start of a line whose end has not come.
    partial: Vec<u8>,
    /// The line has more than it may: what is left of it is not kept.
    is_too_long: bool,
    /// Items that the store has not been asked about.
    waiting: Vec<Item<Proposal>>,
    /// Lines that were answered; blank ones don't count.
    answered: usize,
    total: Total,
    /// What ended it, if it was not the body.
    failed: Option<Problem>,
}

/// The answer to one line.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamLine)]
pub(super) struct Line<'a> {
    /// Counted from 0; blank lines don't count.
    index: usize,
    /// As sent, or made for it.
    #[schema(required)]
    id: Option<&'a str>,
    /// `accepted`, `duplicate` or `rejected`.
    outcome: &'static str,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "<[ItemError]>::is_empty")]
    errors: &'a [ItemError],
    /// What was taken in otherwise than it was sent.
    #[serde(skip_serializing_if = "<[Flagged]>::is_empty")]
    flagged: &'a [Flagged],
}

/// The last line.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = StreamTotal)]
pub(super) struct Total {
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    /// Whether the whole body was read and every line answered.
    complete: bool,
    /// What ended it, if it was not the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<super::problem::Body>)]
    problem: Option<Box<RawValue>>,
}

impl<'a> Lines<'a> {
    fn new(app: &'a AppState, caller: Caller, parse: Parse, to: &'a mut dyn Write) -> Lines<'a> {
        Lines {
            app,
            caller,
            parse,
            to,
            partial: Vec::new(),
            is_too_long: false,
            waiting: Vec::new(),
            answered: 0,
            total: Total::default(),
            failed: None,
        }
    }

    fn keep(&mut self, part: &[u8]) {
        self.is_too_long |= self.partial.len() + part.len() > MAX_ITEM_BYTES;
        if !self.is_too_long {
            self.partial.extend_from_slice(part);
        }
    }

    fn end_of_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.is_too_long) {
            let detail = format!("the line has more than {MAX_ITEM_BYTES} bytes");
            let error = FieldError::new("", detail, "send only the attributes that are analysed");
            self.waiting.push(Item { id: None, read: Err(vec![error]) });
        } else if !line.trim_ascii().is_empty() {
            self.waiting.push(read_item(line.trim_ascii(), self.parse));
        }
        if self.waiting.len() >= STREAM_BATCH_ITEMS { self.settle() } else { Ok(()) }
    }

    /// What stands after the last end of line is a line too.
    fn end_of_lines(&mut self) -> io::Result<()> {
        self.end_of_line()?;
        self.settle()
    }

    /// Asks the store about what waits, and answers.
    fn settle(&mut self) -> io::Result<()> {
        let items = std::mem::take(&mut self.waiting);
        if items.is_empty() {
            return Ok(());
        }
        let proposals: Vec<Proposal> = items.iter().filter_map(|item| item.read.clone().ok()).collect();
        let outcomes = self.admit().and_then(|()| Ok(self.submit(proposals)?));
        let outcomes = outcomes.map_err(|problem| {
            self.failed = Some(problem);
            io::Error::other("no more is taken")
        })?;
        let mut outcomes = outcomes.into_iter();
        for item in items {
            let Item { id, read } = item;
            let mut answer = Answer::default();
            match read {
                Err(errors) => answer.reject(self.answered, id.as_deref(), None, errors),
                Ok(_) => {
                    let outcome = outcomes.next();
                    outcome.into_iter().for_each(|outcome| answer.add(self.answered, id.clone(), outcome));
                }
            }
            self.tell(&answer, id.as_deref())?;
        }
        self.to.flush()
    }

    /// A stream outlives what it began with: its key may end, and what came together counts as a request. Whoever
    /// sends too much waits for a while.
    fn admit(&self) -> Result<(), Problem> {
        let since = Instant::now();
        loop {
            match self.app.admit_again(&self.caller) {
                Err(problem) if problem.kind() == Kind::RateLimited && since.elapsed() < STREAM_BUSY => {
                    std::thread::sleep(PAUSE);
                }
                admitted => return admitted,
            }
        }
    }

    /// A busy store is asked again for a while: meanwhile nothing more is read, which slows the client down.
    fn submit(&self, proposals: Vec<Proposal>) -> Result<Vec<Outcome>, IntakeError> {
        if proposals.is_empty() {
            return Ok(Vec::new());
        }
        let since = Instant::now();
        loop {
            match self.app.store.submit(proposals.clone()).wait() {
                Err(IntakeError::Busy { .. }) if since.elapsed() < STREAM_BUSY => std::thread::sleep(PAUSE),
                other => return other,
            }
        }
    }

    fn tell(&mut self, answer: &Answer, id: Option<&str>) -> io::Result<()> {
        let outcome = match answer {
            Answer { accepted: 1.., .. } => "accepted",
            Answer { duplicates: 1.., .. } => "duplicate",
            _ => "rejected",
        };
        let made = answer.generated_ids.first().map(|made| made.id.as_str());
        let (errors, flagged) = (answer.errors.as_slice(), answer.flagged.as_slice());
        let line = Line { index: self.answered, id: made.or(id), outcome, errors, flagged };
        self.answered += 1;
        self.total.accepted += answer.accepted;
        self.total.duplicates += answer.duplicates;
        self.total.rejected += answer.rejected;
        self.write_line(&line)
    }

    /// The last line, after which nothing is read.
    fn end(&mut self, problem: Option<Problem>) -> io::Result<()> {
        let problem = self.failed.take().or(problem);
        let mut total = std::mem::take(&mut self.total);
        total.complete = problem.is_none();
        total.problem = problem.map(|problem| RawValue::from_string(problem.to_json())).transpose()?;
        self.write_line(&total)?;
        self.to.flush()
    }

    fn write_line<T: Serialize>(&mut self, line: &T) -> io::Result<()> {
        serde_json::to_writer(&mut *self.to, line)?;
        self.to.write_all(b"\n")
    }
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        if let Some(first) = lines.next() {
            self.keep(first);
        }
        for line in lines {
            self.end_of_line()?;
            self.keep(line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
