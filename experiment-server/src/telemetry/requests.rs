//! How many requests came, how they were answered, and how long they took: by route, never by what is in it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use hdrhistogram::Histogram;

/// What stands for every address that there isn't.
pub(crate) const NO_ROUTE: &str = "(none)";
/// Parts of the count, so that threads don't wait for one another; read together.
const SHARDS: usize = 8;
/// Significant digits of a latency.
const DIGITS: u8 = 2;

/// Requests since the start, by route.
#[derive(Debug)]
pub(crate) struct Requests {
    routes: Vec<(&'static str, Route)>,
    elsewhere: Route,
}

type Route = [Mutex<Answered>; SHARDS];

/// The answered requests of one route.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// How many, by method and status.
    pub(crate) counts: BTreeMap<(&'static str, u16), u64>,
    /// Microseconds each took.
    pub(crate) latency: Histogram<u64>,
    /// What they took together.
    pub(crate) took: Duration,
}

impl Answered {
    fn none() -> Answered {
        Answered { counts: BTreeMap::new(), latency: empty(), took: Duration::ZERO }
    }

    fn add(&mut self, other: &Answered) {
        for (key, count) in &other.counts {
            *self.counts.entry(*key).or_default() += count;
        }
        // Both grow as they need to, so neither refuses what the other has.
        let _ = self.latency.add(&other.latency);
        self.took += other.took;
    }
}

/// One that grows with what it is given.
fn empty() -> Histogram<u64> {
    Histogram::new(DIGITS).unwrap_or_else(|_| unreachable!("two digits are allowed"))
}

impl Requests {
    /// Nothing yet, for these routes.
    pub(crate) fn of(routes: impl Iterator<Item = &'static str>) -> Requests {
        let none = || std::array::from_fn(|_| Mutex::new(Answered::none()));
        Requests { routes: routes.map(|route| (route, none())).collect(), elsewhere: none() }
    }

    /// Counts an answer of the route with this number, or of none.
    pub(crate) fn count(&self, route: Option<usize>, method: &Method, status: StatusCode, took: Duration) {
        let route =
            route.and_then(|route| self.routes.get(route)).map_or(&self.elsewhere, |(_, route)| route);
        let mut answered = lock(&route[shard()]);
        *answered.counts.entry((name_of(method), status.as_u16())).or_default() += 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // Only a histogram that can't grow refuses a value.
        let _ = answered.latency.record(micros);
        answered.took += took;
    }

    /// Each route that was asked, by name.
    pub(crate) fn read(&self) -> BTreeMap<&'static str, Answered> {
        let routes = self.routes.iter().map(|(name, route)| (*name, route));
        let all = routes.chain([(NO_ROUTE, &self.elsewhere)]).map(|(name, route)| {
            let mut sum = Answered::none();
            route.iter().for_each(|part| sum.add(&lock(part)));
            (name, sum)
        });
        all.filter(|(_, answered)| !answered.counts.is_empty()).collect()
    }
}

/// A panic while it is held leaves plain numbers.
fn lock(part: &Mutex<Answered>) -> MutexGuard<'_, Answered> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part that this thread counts in.
fn shard() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS);
    }
    SHARD.get()
}

/// Anybody may make up a method, so only those there are get a name.
fn name_of(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "(other)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_count_is_read_together() {
        let requests = Requests::of(["/v1/assign", "/healthz"].into_iter());
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let took = Duration::from_micros(150);
                    requests.count(Some(0), &Method::POST, StatusCode::OK, took);
                    requests.count(Some(2), &Method::GET, StatusCode::NOT_FOUND, took);
                });
            }
        });
        let odd = Method::from_bytes(b"BREW").unwrap();
        requests.count(None, &odd, StatusCode::NOT_FOUND, Duration::from_secs(100_000));
        let read = requests.read();
        assert_eq!(read.keys().copied().collect::<Vec<_>>(), [NO_ROUTE, "/v1/assign"]);
        let assign = &read["/v1/assign"];
        assert_eq!(assign.counts, BTreeMap::from([(("POST", 200), 20)]));
        assert_eq!(
            (assign.latency.len(), assign.latency.max(), assign.took),
            (20, 150, Duration::from_millis(3))
        );
        let elsewhere = BTreeMap::from([(("GET", 404), 20), (("(other)", 404), 1)]);
        assert_eq!(read[NO_ROUTE].counts, elsewhere);
        assert!(read[NO_ROUTE].latency.max() >= 99_000_000_000);
    }
}
