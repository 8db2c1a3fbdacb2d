//! Until when a caller listens: `grpc-timeout` as the gRPC protocol writes it, or `x-request-timeout` in seconds. Keeping to
//! a deadline is the work of whoever does the work.

use std::future::pending;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, sleep_until};

use super::error::DoorError;

/// Kept back for the way to the caller: a share of the whole, at most this.
const WAY_BACK: Duration = Duration::from_millis(20);
/// A timeout beyond this is as good as none.
const LONGEST: Duration = Duration::from_hours(24);

/// When the result must be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Deadline(pub(crate) Option<Instant>);

impl Deadline {
    /// Reads the headers of a request that arrived `now`. One that has passed already is an error at once.
    pub(crate) fn read(headers: &HeaderMap, now: Instant) -> Result<Self, DoorError> {
        match timeout(headers)? {
            None => Ok(Self(None)),
            Some(timeout) if timeout.is_zero() => Err(DoorError::DeadlinePassed),
            Some(timeout) => {
                Ok(Self(now.checked_add(timeout.saturating_sub(WAY_BACK.min(timeout / 10)))))
            }
        }
    }
}

/// Waits until a moment; for ever where there is none.
pub(crate) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, DoorError> {
    for (header, parse) in [("grpc-timeout", grpc as Parse), ("x-request-timeout", seconds)] {
        if let Some(value) = headers.get(header) {
            let timeout = value.to_str().ok().and_then(parse);
            return match timeout {
                Some(timeout) => Ok(Some(timeout.min(LONGEST))),
                None => Err(DoorError::TimeoutMalformed { header }),
            };
        }
    }
    Ok(None)
}

type Parse = fn(&str) -> Option<Duration>;

/// At most eight digits and a unit.
fn grpc(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount: f64 = plain.then(|| text.parse().ok())??;
    Duration::try_from_secs_f64(amount).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_headers_are_read() {
        let now = Instant::now();
        let check = |name: &'static str, value: &str, expect: Result<u128, &str>| {
            let name = http::HeaderName::from_static(name);
            let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            let read = Deadline::read(&headers, now);
            let micros = read.map(|deadline| (deadline.0.unwrap() - now).as_micros());
            let found = micros.map_err(|error| crate::error::Classify::reason(&error));
            assert_eq!(found, expect, "{value:?}");
        };
        check("grpc-timeout", "2S", Ok(1_980_000));
        check("grpc-timeout", "100m", Ok(90_000));
        check("grpc-timeout", "10u", Ok(9));
        check("grpc-timeout", "1H", Ok(3_599_980_000));
        check("grpc-timeout", "99999999H", Ok(86_399_980_000));
        check("grpc-timeout", "0n", Err("DEADLINE_EXCEEDED"));
        check("grpc-timeout", "S", Err("TIMEOUT_MALFORMED"));
        check("grpc-timeout", "", Err("TIMEOUT_MALFORMED"));
        check("grpc-timeout", "-1S", Err("TIMEOUT_MALFORMED"));
        check("grpc-timeout", "123456789S", Err("TIMEOUT_MALFORMED"));
        check("x-request-timeout", "0.5", Ok(480_000));
        check("x-request-timeout", "3", Ok(2_980_000));
        check("x-request-timeout", "0", Err("DEADLINE_EXCEEDED"));
        check("x-request-timeout", "soon", Err("TIMEOUT_MALFORMED"));
        check("x-request-timeout", "-1", Err("TIMEOUT_MALFORMED"));
        check("x-request-timeout", "inf", Err("TIMEOUT_MALFORMED"));
        check("x-request-timeout", ".", Err("TIMEOUT_MALFORMED"));
    }

    #[test]
    fn no_header_is_no_deadline() {
        assert_eq!(Deadline::read(&HeaderMap::new(), Instant::now()), Ok(Deadline(None)));
    }
}
