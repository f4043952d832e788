//! What the typed crates write, in words: the two name the same fields.

use agentslock_adapters::{Activation, AdaptersLock, Build, Dependency, Digest, Timestamp};
use agentslock_config::{ConfigLock, Kind, Pass, Revision, Unit};

use super::{A, B};
use crate::support::{DOCUMENT, Lab};

const REVISIONS: [&str; 2] =
    ["1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222"];

#[test]
fn a_view_of_a_new_schema_and_a_unit_that_moved_are_told_in_words() {
    let lab = Lab::new();
    let path = lab.join(DOCUMENT);
    let write = |schema: &str, revision: &str| {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let [source_digest, schema_digest] = [A, schema].map(|of| of.parse::<Digest>().unwrap());
        let adapter = AdaptersLock::new(&path).adapter("kuzu").unwrap();
        adapter.activate(&Activation { source_digest, schema_digest, at: at.clone() }).unwrap();
        if schema == A {
            let itself = Dependency::new("kuzu", A.parse().unwrap(), "1.0");
            let build = Build::new(A.parse().unwrap(), at).depending_on(itself);
            adapter.register_views([("calls", build)]).unwrap();
        }
        let mut pass = Pass::over([Kind::Layer]);
        let revision: Revision = revision.parse().unwrap();
        pass.add("acme:org/base.json@v1".parse().unwrap(), Unit::new(Kind::Layer, revision))
            .unwrap();
        ConfigLock::new(&path).write(&pass).unwrap();
    };
    write(A, REVISIONS[0]);
    lab.write("before", lab.document());
    write(B, REVISIONS[1]);
    let ended = lab.cli(["diff", "before"]).run().exits(1);
    assert_eq!(
        ended.out(),
        format!(
            "~ adapter kuzu schema_digest changed from sha256:aaaaaaaaaaaa to sha256:bbbbbbbbbbbb\n\
             ~ adapter kuzu view calls went from ready to pending-recompat-check \
             (dependee-bump:kuzu)\n\
             ~ unit acme:org/base.json@v1 moved from {} to {}\n",
            REVISIONS[0], REVISIONS[1]
        )
    );
}
