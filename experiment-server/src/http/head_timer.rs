//! How long a connection waits for the head of a request: one alarm a connection, not one a request.
//!
//! hyper asks for a timer whenever it waits for a head, and drops it when the head is there. Most heads come at once,
//! and making, registering and removing a timer for each costs more than reading it. So what is asked for is only
//! written down here, and the connection's one alarm reads it when it rings.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The timer of one connection, for hyper to ask; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeadTimer(Arc<Mutex<Wait>>);

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
    /// Runs a connection that has this timer and waits for heads as long as `limit`.
    pub(crate) async fn run<T>(
        &self,
        limit: Duration,
        mut connection: Pin<&mut impl Future<Output = T>>,
    ) -> T {
        let mut alarm = pin!(tokio::time::sleep(limit));
        let run = poll_fn(|context| {
            while alarm.as_mut().poll(context).is_ready() {
                let next = self.ring(Instant::now(), limit);
                alarm.as_mut().reset(next.into());
            }
            connection.as_mut().poll(context)
        });
        run.await
    }

    /// Ends a wait that has lasted too long. Returns when to look again, which is no later than any wait ends.
    fn ring(&self, now: Instant, limit: Duration) -> Instant {
        let mut wait = self.lock();
        match *wait {
            Wait::Until(deadline) if deadline > now => deadline,
            Wait::Nothing => now + limit,
            Wait::Until(_) | Wait::Over => {
                *wait = Wait::Over;
                now + limit
            }
        }
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

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn the_alarm_rings_when_the_present_wait_ends() {
        let (timer, start) = (HeadTimer::default(), Instant::now());
        let second = |second| start + Duration::from_secs(second);
        assert_eq!(timer.ring(second(10), LIMIT), second(20));
        let _first = timer.sleep_until(second(15));
        let _second = timer.sleep_until(second(27));
        assert_eq!(timer.ring(second(20), LIMIT), second(27));
        assert_eq!(*timer.lock(), Wait::Until(second(27)));
        assert_eq!(timer.ring(second(27), LIMIT), second(37));
        assert_eq!(*timer.lock(), Wait::Over);
        let _third = timer.sleep_until(second(40));
        assert_eq!(*timer.lock(), Wait::Until(second(40)));
    }

    #[tokio::test]
    async fn a_wait_ends_and_a_connection_goes_on() {
        let (timer, limit) = (HeadTimer::default(), Duration::from_millis(10));
        assert_eq!(timer.run(limit, pin!(async { 7 })).await, 7);
        timer.run(limit, pin!(timer.sleep(limit))).await;
        let late = async {
            tokio::time::sleep(limit * 3).await;
            // The wait before this one is over, this one begins anew.
            timer.sleep(limit).await;
        };
        timer.run(limit, pin!(late)).await;
    }
}
