//! How many requests each key may send, and what its holder is told about that.
//!
//! Every key has a limiter of its own, made when it first calls, so a flood from one takes nothing from another.
//! Limiters are of the generic cell rate kind: a whole window's requests may come at once, and come back one by
//! one.
//!
//! # References
//! Polli, R., Martinez Ruiz, A., Miller, D. (2026), *RateLimit header fields for HTTP*,
//! draft-ietf-httpapi-ratelimit-headers-11.

use std::collections::HashMap;
use std::io::Write;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::auth::{Caller, Identity};
use super::problem::{Kind, Problem};
use crate::rate::Rate;
use crate::store::{ApiKey, ApiKeys, KeyId};

/// What is left.
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What there is.
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The limit that the server has for everybody.
const OF_SERVER: &str = "default";
/// The limit that a key was made with.
const OF_KEY: &str = "key";

/// Every limit there is.
pub(crate) struct Rates<C: Clock = MonotonicClock> {
    /// For keys that have none of their own.
    default: Option<Rate>,
    /// Of whoever needs no key.
    loopback: Option<Arc<Limiter<C>>>,
    /// Of the admin key in the environment.
    admin_key: Option<Arc<Limiter<C>>>,
    /// Of the store's keys that have called.
    keys: ArcSwap<HashMap<KeyId, Arc<Limiter<C>>>>,
    clock: C,
}

/// The limit of one caller.
struct Limiter<C: Clock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>,
    rate: Rate,
    name: &'static str,
    /// What is told about it in every answer.
    policy: HeaderValue,
    /// Seconds until one request more than are left can come.
    effective_window: u64,
}

/// What the holder of a key is told with the answer.
pub(crate) struct Told {
    policy: HeaderValue,
    left: HeaderValue,
}

impl Told {
    /// Puts it into the answer's headers.
    pub(crate) fn put(self, headers: &mut HeaderMap) {
        headers.insert(RATE_LIMIT_POLICY, self.policy);
        headers.insert(RATE_LIMIT, self.left);
    }
}

impl Rates<MonotonicClock> {
    /// Limits of `default` for everybody, if there is one.
    pub(crate) fn new(default: Option<Rate>) -> Rates {
        Rates::by_clock(default, MonotonicClock)
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn by_clock(default: Option<Rate>, clock: C) -> Rates<C> {
        let of_server = || default.map(|rate| Arc::new(Limiter::new(rate, OF_SERVER, clock.clone())));
        let (loopback, admin_key) = (of_server(), of_server());
        Rates { default, loopback, admin_key, keys: ArcSwap::default(), clock }
    }

    /// Counts a request. `None` for callers without a limit.
    ///
    /// # Errors
    /// 429 when it is one too many.
    pub(crate) fn count(&self, caller: &Caller, keys: &ApiKeys) -> Result<Option<Told>, Problem> {
        let limiter = match &caller.identity {
            // Whoever can read the folder must get in whatever others do.
            _ if caller.start_token => return Ok(None),
            Identity::StartToken => return Ok(None),
            Identity::Loopback => self.loopback.as_deref(),
            Identity::AdminKey => self.admin_key.as_deref(),
            Identity::Key(key) => match key.rate.or(self.default) {
                Some(rate) => return self.of_key(key, rate, keys).count().map(Some),
                None => None,
            },
        };
        limiter.map(Limiter::count).transpose()
    }

    /// The limiter of a key, made if it calls for the first time. Those of keys that are gone are dropped then.
    fn of_key(&self, key: &ApiKey, rate: Rate, keys: &ApiKeys) -> Arc<Limiter<C>> {
        if let Some(limiter) = self.keys.load().get(&key.id) {
            return Arc::clone(limiter);
        }
        let name = if key.rate.is_some() { OF_KEY } else { OF_SERVER };
        let new = Arc::new(Limiter::new(rate, name, self.clock.clone()));
        let mut limiter = Arc::clone(&new);
        self.keys.rcu(|present| {
            let mut present = HashMap::clone(present);
            present.retain(|id, _| keys.get(*id).is_some_and(|key| key.revoked_at.is_none()));
            // Another request of the key may have been first.
            limiter = Arc::clone(present.entry(key.id).or_insert_with(|| Arc::clone(&new)));
            present
        });
        limiter
    }
}

impl<C: Clock> Limiter<C> {
    fn new(rate: Rate, name: &'static str, clock: C) -> Limiter<C> {
        let most = NonZeroU32::new(rate.requests()).unwrap_or(NonZeroU32::MIN);
        let window = Duration::from_secs(rate.seconds().into());
        let one = window / most.get();
        let quota = Quota::with_period(one).unwrap_or(Quota::per_second(most)).allow_burst(most);
        let policy = format!("\"{name}\";q={most};w={}", rate.seconds());
        Limiter {
            limiter: RateLimiter::direct_with_clock(quota, clock).with_middleware(),
            rate,
            name,
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("")),
            effective_window: whole_seconds(one),
        }
    }

    fn count(&self) -> Result<Told, Problem> {
        match self.limiter.check() {
            Ok(state) => Ok(self.told(state.remaining_burst_capacity(), self.effective_window)),
            Err(until) => {
                let seconds = whole_seconds(until.wait_time_from(self.limiter.clock().now()));
                let Told { policy, left } = self.told(0, seconds);
                let detail = format!(
                    "these are more requests than {}; mend: wait {seconds} s, send larger batches, or ask for a key with another rate",
                    self.rate
                );
                let problem = Problem::new(Kind::RateLimited, detail)
                    .with_header(RETRY_AFTER, HeaderValue::from(seconds))
                    .with_header(RATE_LIMIT_POLICY, policy)
                    .with_header(RATE_LIMIT, left);
                Err(problem)
            }
        }
    }

    fn told(&self, left: u32, seconds: u64) -> Told {
        let mut text = Vec::with_capacity(32);
        // Writing to memory cannot fail.
        let _ = write!(text, "\"{}\";r={left};t={seconds}", self.name);
        let left = HeaderValue::from_maybe_shared(bytes::Bytes::from(text));
        Told { policy: self.policy.clone(), left: left.unwrap_or(HeaderValue::from_static("")) }
    }
}

/// In whole seconds, and never 0: whoever waits so long is let in.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::store::{Role, key_with_role};

    /// Headers of an answer, or of its refusal.
    fn told(counted: Result<Option<Told>, Problem>) -> (u16, Vec<String>) {
        let (status, headers) = match counted {
            Ok(told) => {
                let mut headers = HeaderMap::new();
                told.into_iter().for_each(|told| told.put(&mut headers));
                (200, headers)
            }
            Err(problem) => {
                let response = problem.into_response();
                (response.status().as_u16(), response.headers().clone())
            }
        };
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (status, [RATE_LIMIT_POLICY, RATE_LIMIT, RETRY_AFTER].into_iter().filter_map(text).collect())
    }

    fn caller(identity: Identity) -> Caller {
        Caller { identity, start_token: false }
    }

    #[test]
    fn a_window_of_requests_may_come_at_once_and_comes_back_one_by_one() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::by_clock("2/m".parse().ok(), clock.clone());
        let count = || told(rates.count(&caller(Identity::AdminKey), &ApiKeys::default()));
        let policy = "\"default\";q=2;w=60";
        assert_eq!(count(), (200, vec![policy.to_owned(), "\"default\";r=1;t=30".to_owned()]));
        assert_eq!(count(), (200, vec![policy.to_owned(), "\"default\";r=0;t=30".to_owned()]));
        let refused = |seconds: &str| {
            let left = format!("\"default\";r=0;t={seconds}");
            (429, vec![policy.to_owned(), left, seconds.to_owned()])
        };
        assert_eq!(count(), refused("30"));
        clock.advance(Duration::from_millis(10_500));
        assert_eq!(count(), refused("20"), "19.5 s in whole seconds");
        clock.advance(Duration::from_millis(19_499));
        assert_eq!(count(), refused("1"));
        // Whoever waits as long as was said is let in, once.
        clock.advance(Duration::from_millis(1));
        assert_eq!(count().0, 200);
        assert_eq!(count(), refused("30"));
        clock.advance(Duration::from_secs(1_000));
        assert_eq!([count().0, count().0, count().0], [200, 200, 429]);
    }

    #[test]
    fn each_caller_has_a_limit_of_its_own() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::by_clock("1/h".parse().ok(), clock);
        let mut keys = ApiKeys::default();
        let made: Vec<Arc<ApiKey>> = [None, None, Some("3/s")]
            .map(|rate| {
                let (mut key, _) = key_with_role(Role::Client);
                key.rate = rate.and_then(|rate| rate.parse().ok());
                keys.insert(key)
            })
            .into();
        let count = |identity: Identity| told(rates.count(&caller(identity), &keys)).0;
        let key = |n: usize| Identity::Key(Arc::clone(&made[n]));
        assert_eq!([count(key(0)), count(key(0)), count(key(0))], [200, 429, 429]);
        assert_eq!([count(key(1)), count(key(1))], [200, 429]);
        assert_eq!([count(key(2)), count(key(2)), count(key(2)), count(key(2))], [200, 200, 200, 429]);
        assert_eq!([count(Identity::AdminKey), count(Identity::AdminKey)], [200, 429]);
        assert_eq!([count(Identity::Loopback), count(Identity::Loopback)], [200, 429]);
        assert_eq!(told(rates.count(&caller(key(2)), &keys)).1[0], "\"key\";q=3;w=1");
        // The owner of the folder gets in all the same.
        for identity in [Identity::StartToken, Identity::Loopback, key(0)] {
            assert_eq!(told(rates.count(&Caller { identity, start_token: true }, &keys)), (200, vec![]));
        }
    }

    #[test]
    fn nobody_is_limited_unless_something_is_said() {
        let rates = Rates::by_clock(None, FakeRelativeClock::default());
        let (key, _) = key_with_role(Role::Client);
        let mut keys = ApiKeys::default();
        let key = keys.insert(key);
        for identity in [Identity::Key(key), Identity::AdminKey, Identity::Loopback] {
            assert!(rates.count(&caller(identity), &keys).unwrap_or_else(|_| panic!()).is_none());
        }
        assert!(rates.keys.load().is_empty());
    }

    #[test]
    fn limits_of_revoked_keys_are_dropped() {
        let rates = Rates::by_clock("5/s".parse().ok(), FakeRelativeClock::default());
        let mut keys = ApiKeys::default();
        let first = keys.insert(key_with_role(Role::Client).0);
        assert!(rates.count(&caller(Identity::Key(Arc::clone(&first))), &keys).is_ok());
        let mut revoked = ApiKey::clone(&first);
        revoked.revoked_at = Some(first.created_at);
        keys.insert(revoked);
        let second = keys.insert(key_with_role(Role::Client).0);
        assert!(rates.count(&caller(Identity::Key(Arc::clone(&second))), &keys).is_ok());
        assert_eq!(rates.keys.load().keys().copied().collect::<Vec<_>>(), [second.id]);
    }

    #[test]
    fn the_highest_rate_is_kept_to() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::by_clock("1000000/s".parse().ok(), clock.clone());
        let count = || told(rates.count(&caller(Identity::AdminKey), &ApiKeys::default()));
        assert_eq!(count().1[1], "\"default\";r=999999;t=1");
        (1..1_000_000)
            .for_each(|_| assert!(rates.count(&caller(Identity::AdminKey), &ApiKeys::default()).is_ok()));
        assert_eq!(count().0, 429);
        clock.advance(Duration::from_micros(1));
        assert_eq!([count().0, count().0], [200, 429]);
    }
}
