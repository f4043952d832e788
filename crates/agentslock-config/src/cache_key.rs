//! Cache keys: where a cache keeps a unit, and whether what it keeps is still good.

use std::fmt;

use serde::{Serialize, Serializer};

/// The name under which a cache keeps a unit. It begins with `cachekey/`; then come how the unit is
/// fetched, and what tells its states apart.
///
/// A key is a text like any other. Comparing keys says whether to fetch again; it is never a reason
/// of [staleness](crate::Staleness).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// The key that is never good: fetch again each time.
    pub const ALWAYS_REVALIDATE: &'static str = "cachekey/always-revalidate";

    /// See [`ALWAYS_REVALIDATE`](Self::ALWAYS_REVALIDATE).
    pub fn always_revalidate() -> Self {
        Self(Self::ALWAYS_REVALIDATE.to_owned())
    }

    /// A git repository at a commit; `None`: the commit is not known.
    pub fn git(commit: Option<&str>) -> Self {
        Self(format!("cachekey/git:{}", commit.unwrap_or("absent")))
    }

    /// What an http server called `ETag`, quotes included.
    pub fn http_etag(etag: &str) -> Self {
        Self(format!("cachekey/http:etag={etag}"))
    }

    /// What an http server called `Last-Modified`.
    pub fn http_last_modified(time: &str) -> Self {
        Self(format!("cachekey/http:lastmod={time}"))
    }

    /// What an http server sent, by the digest of its content.
    pub fn http_digest(digest: &str) -> Self {
        Self(format!("cachekey/http:digest={digest}"))
    }

    /// A file of this machine, in the state that `state` names.
    pub fn local(state: &str) -> Self {
        Self(format!("cachekey/local:{state}"))
    }

    /// What a registry has under a digest.
    pub fn oci(digest: &str) -> Self {
        Self(format!("cachekey/oci:{digest}"))
    }

    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a unit with the key `recorded` must be fetched again, if fetching it now would
    /// record `effective`. It must if the keys differ, and always if one of them is
    /// [`ALWAYS_REVALIDATE`](Self::ALWAYS_REVALIDATE). No key and an empty one are the same.
    pub fn is_stale(recorded: Option<&Self>, effective: Option<&Self>) -> bool {
        let [recorded, effective] = [recorded, effective].map(|key| key.map_or("", Self::as_str));
        recorded != effective || recorded == Self::ALWAYS_REVALIDATE
    }
}

impl From<String> for CacheKey {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for CacheKey {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl AsRef<str> for CacheKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for CacheKey {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl Serialize for CacheKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
