//! A document with all that the section can say, in canonical form. Read by type and written back,
//! it has the same bytes.

use agentslock_core::Lockfile;

use agentslock_adapters::Flushed;

use crate::support::{Lab, activation, digest};

const DOCUMENT: &str = r#"{
  "adapters": {
    "crg": {
      "source_digest": "sha256:0101010101010101010101010101010101010101010101010101010101010101",
      "schema_digest": "sha256:0202020202020202020202020202020202020202020202020202020202020202",
      "activated_at": "2026-01-02T03:00:01Z"
    },
    "kuzu": {
      "source_digest": "sha256:aa",
      "schema_digest": "sha256:bb",
      "activated_at": "then",
      "materialized_views": {
        "calls": {
          "view_digest": "sha256:cc",
          "view_status": "ready",
          "depends_on": [
            {
              "adapter": "crg",
              "schema_digest": "sha256:dd",
              "version": "1.0",
              "pin": 1.50
            }
          ],
          "last_rebuilt_at": "2026-01-02T03:00:01Z",
          "last_validation_at": "2026-01-02T03:00:01.5+01:00",
          "state_history": [
            {
              "at": "2026-01-02T03:00:01Z",
              "to": "ready",
              "trigger": "registered"
            },
            {
              "at": "2026-01-02T03:00:01Z",
              "from": "ready",
              "to": "levitating",
              "trigger": "m\u0061gic \u003c",
              "why": {
                "n": 1e0
              }
            }
          ],
          "hint": []
        },
        "imports": {
          "view_status": "levitating"
        }
      },
      "flags": {
        "n": 1.0
      }
    }
  },
  "lock_version": 1
}
"#;

#[test]
fn all_entries_written_from_their_types_are_what_they_were_to_the_byte() {
    // Of texts that are typed, escapes are the encoder's.
    let document = DOCUMENT.replace("m\\u0061gic", "magic");
    let lab = Lab::with(&document);
    let adapters = lab.lock.adapters().unwrap();
    let lockfile = Lockfile::open(lab.path()).unwrap();
    lockfile.set_section("adapters", &adapters).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lockfile.text(), document);
    // As the only content of another document, too, where nothing can be left from before.
    let other = Lab::with("{\"lock_version\": 1}");
    let lockfile = Lockfile::open(other.path()).unwrap();
    lockfile.set_section("adapters", &adapters).unwrap();
    lockfile.flush().unwrap();
    assert_eq!(other.text(), document);
}

#[test]
fn an_unchanged_rewrite_leaves_every_byte() {
    let lab = Lab::with(DOCUMENT);
    assert_eq!(lab.adapter("crg").activate(&activation(1, 1)).unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.text(), DOCUMENT);
    // A change to one adapter and back leaves the other as it is spelled.
    let mut other = activation(1, 1);
    other.source_digest = digest(9);
    lab.adapter("crg").activate(&other).unwrap();
    assert_ne!(lab.text(), DOCUMENT);
    lab.adapter("crg").activate(&activation(1, 1)).unwrap();
    assert_eq!(lab.text(), DOCUMENT);
}
