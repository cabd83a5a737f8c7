//! How long a connection waits for the head of a request: one alarm a connection, not one a request.
//!
//! hyper asks for a timer whenever it waits for a head, and drops it when the head is there. Most heads come at once,
//! and making, registering and removing a timer for each costs more than reading it. So what is asked for is only
//! written down here, and the connection's one alarm reads it when it rings.
//!
//! Whoever opens connections and sends nothing takes the place of others. So when most of them are taken, those that wait
//! for a head are given less time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The timer of one connection, for hyper to ask; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeadTimer(Arc<Mutex<Wait>>);

/// How long a connection may wait for a head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    usual: Duration,
    /// When most connections are taken; never more than usual.
    crowded: Duration,
}

impl Patience {
    /// A tenth of the usual one when it is crowded, but a second at least.
    pub(crate) fn of(usual: Duration) -> Patience {
        Patience { usual, crowded: (usual / 10).max(Duration::from_secs(1)).min(usual) }
    }
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wait {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The head of a request, until then. Nobody says when it is there: the next wait takes this one's place.
    Until(Instant),
    /// That has not come in time.
    Over,
}

impl HeadTimer {
    /// Runs a connection that has this timer and waits for heads with this patience.
    pub(crate) async fn run<T>(
        &self,
        patience: Patience,
        is_crowded: impl Fn() -> bool,
        mut connection: Pin<&mut impl Future<Output = T>>,
    ) -> T {
        let mut alarm = pin!(tokio::time::sleep(patience.crowded));
        let run = poll_fn(|context| {
            while alarm.as_mut().poll(context).is_ready() {
                let next = self.ring(Instant::now(), patience, is_crowded());
                alarm.as_mut().reset(next.into());
            }
            connection.as_mut().poll(context)
        });
        run.await
    }

    /// Ends a wait that has lasted too long. Returns when to look again, which is no later than any wait ends.
    fn ring(&self, now: Instant, patience: Patience, is_crowded: bool) -> Instant {
        let mut wait = self.lock();
        let Wait::Until(deadline) = *wait else { return now + patience.crowded };
        let less = if is_crowded { patience.usual - patience.crowded } else { Duration::ZERO };
        if deadline > now + less {
            // It may become crowded before that.
            return (deadline - less).min(now + patience.crowded);
        }
        *wait = Wait::Over;
        now + patience.crowded
    }

    fn lock(&self) -> MutexGuard<'_, Wait> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        *self.lock() = Wait::Until(deadline);
        Box::pin(HeadWait(self.clone()))
    }
}

/// A wait for a head; over when the alarm says so.
struct HeadWait(HeadTimer);

impl Future for HeadWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if *self.0.lock() == Wait::Over { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for HeadWait {}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { usual: Duration::from_secs(20), crowded: Duration::from_secs(5) };

    #[test]
    fn the_alarm_rings_when_the_present_wait_ends() {
        let (timer, start) = (HeadTimer::default(), Instant::now());
        let second = |second| start + Duration::from_secs(second);
        let ring = |at| timer.ring(second(at), PATIENCE, false);
        assert_eq!(ring(10), second(15));
        let _first = timer.sleep_until(second(24));
        let _second = timer.sleep_until(second(27));
        assert_eq!((ring(20), ring(25)), (second(25), second(27)));
        assert_eq!(*timer.lock(), Wait::Until(second(27)));
        assert_eq!(ring(27), second(32));
        assert_eq!(*timer.lock(), Wait::Over);
        let _third = timer.sleep_until(second(40));
        assert_eq!(*timer.lock(), Wait::Until(second(40)));
    }

    #[test]
    fn where_it_is_crowded_a_wait_ends_earlier() {
        let (timer, start) = (HeadTimer::default(), Instant::now());
        let second = |second| start + Duration::from_secs(second);
        // Since second 10.
        let _wait = timer.sleep_until(second(30));
        assert_eq!(timer.ring(second(12), PATIENCE, true), second(15));
        assert_eq!(timer.ring(second(13), PATIENCE, false), second(18));
        assert_eq!(*timer.lock(), Wait::Until(second(30)));
        assert_eq!(timer.ring(second(15), PATIENCE, true), second(20));
        assert_eq!(*timer.lock(), Wait::Over);
        let crowded = |usual| Patience::of(Duration::from_millis(usual)).crowded.as_millis();
        assert_eq!([crowded(30_000), crowded(5_000), crowded(300)], [3_000, 1_000, 300]);
    }

    #[tokio::test]
    async fn a_wait_ends_and_a_connection_goes_on() {
        let (timer, limit) = (HeadTimer::default(), Duration::from_millis(10));
        let patience = Patience::of(limit);
        assert_eq!(timer.run(patience, || false, pin!(async { 7 })).await, 7);
        timer.run(patience, || false, pin!(timer.sleep(limit))).await;
        let late = async {
            tokio::time::sleep(limit * 3).await;
            // The wait before this one is over, this one begins anew.
            timer.sleep(limit).await;
        };
        timer.run(patience, || true, pin!(late)).await;
    }
}
