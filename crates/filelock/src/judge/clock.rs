//! What the clock says of a holder, where the kernel says nothing.

use std::time::Duration;

use crate::environment::Environment;
use crate::holder::Liveness;
use crate::judge::verdict::Verdict;
use crate::options::LockOptions;
use crate::record::Record;

/// The clock's word. Without a usable stamp the time of the last change counts, against
/// `without_stamp`. A stamp more than a TTL in the future is not usable.
pub(super) fn by_time(
    record: Option<&Record>,
    modified: i64,
    without_stamp: Duration,
    options: &LockOptions,
) -> Verdict {
    let environment = &options.environment;
    let latest = environment.now().saturating_add(nanos(options.ttl));
    let (since, limit) = match record {
        Some(record) if record.stamp <= latest => (record.stamp, options.ttl),
        _ => (modified, without_stamp),
    };
    match left(environment, since, limit) {
        Some(within) => Verdict::Alive(Liveness::Expires { within }),
        None => Verdict::Expired,
    }
}

/// How long until `since`, which can be in the future, is longer ago than `limit`; `None` when it
/// is.
pub(super) fn left(environment: &Environment, since: i64, limit: Duration) -> Option<Duration> {
    let age = environment.now().saturating_sub(since);
    match u64::try_from(age) {
        Ok(age) => limit.checked_sub(Duration::from_nanos(age)),
        Err(_) => Some(limit.saturating_add(Duration::from_nanos(age.unsigned_abs()))),
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
