//! The sample documents of the Go side, read and written back.

use std::io::Write;
use std::process::{Command, Stdio};

use agentslock_config::{CacheKey, Flushed, Install, Kind, Pass, Reference, Timestamp, Tool, Unit};

use crate::support::{Lab, digest, vector};

const CANONICAL: [&str; 4] = [
    "sample.agentsrc.lock",
    "sample-strict.agentsrc.lock",
    "sample-flat.agentsrc.lock",
    "sample-after-go-flush.agentsrc.lock",
];

const ALL: [&str; 6] = [
    CANONICAL[0],
    CANONICAL[1],
    CANONICAL[2],
    CANONICAL[3],
    "foreign.agentsrc.lock",
    "foreign-after-go-flush.agentsrc.lock",
];

/// All that the document says, as a resolver would say it again; each unit as `alter` has it.
fn restated(lab: &Lab, alter: impl Fn(&Reference, Unit) -> Unit) -> Pass {
    let content = lab.content();
    let mut pass = Pass::over(Kind::KNOWN);
    for (reference, unit) in lab.units() {
        let unit = alter(&reference, unit);
        match content.get(&reference) {
            Some(content) => pass.add_artifact(reference, unit, content.clone()).unwrap(),
            None => pass.add(reference, unit).unwrap(),
        }
    }
    match lab.inputs() {
        Some(inputs) => pass.resolved_from(inputs),
        None => pass,
    }
}

#[test]
fn a_pass_that_changes_nothing_leaves_each_sample_untouched() {
    for name in ALL {
        let lab = Lab::with(vector(name));
        let written = lab.lock.write(&restated(&lab, |_, unit| unit)).unwrap();
        assert_eq!(
            (written.flushed, written.changes.is_empty()),
            (Flushed::Unchanged, true),
            "{name}"
        );
        for stamp in [
            lab.install().map(|it| lab.lock.stamp_install(&it)),
            lab.refresh().map(|it| lab.lock.stamp_refresh(&it)),
        ] {
            assert!(stamp.is_none_or(|written| written.unwrap().flushed == Flushed::Unchanged));
        }
        assert_eq!(lab.text(), vector(name), "{name}");
    }
}

#[test]
fn what_a_fetcher_resolves_again_without_timestamps_leaves_those_of_older_writers() {
    let lab = Lab::with(vector("sample.agentsrc.lock"));
    let found = restated(&lab, |_, mut unit| {
        (unit.fetched_at, unit.last_checked_at) = (None, None);
        unit
    });
    assert_eq!(lab.lock.write(&found).unwrap().flushed, Flushed::Unchanged);
    assert!(lab.text().contains("\"fetched_at\": \"2026-07-12T16:09:57Z\""));
}

#[test]
fn a_pass_that_changes_one_unit_changes_that_unit_alone() {
    let mut changed = 0;
    for name in CANONICAL {
        let text = vector(name);
        for reference in Lab::with(&text).units().into_keys() {
            let lab = Lab::with(&text);
            let new = digest(7);
            let found = restated(&lab, |found, mut unit| {
                if *found == reference {
                    unit.digest = new.clone().into();
                }
                unit
            });
            let old = lab.units()[&reference].digest.clone();
            lab.lock.write(&found).unwrap();
            // The unit's own lines, without times: the newest writers write none.
            let key = serde_json::to_string(&reference).unwrap().replace('&', "\\u0026");
            let start = text.find(&format!("\n    {key}: {{\n")).unwrap();
            let end = start + text[start..].find("\n    }").unwrap();
            let digest = |revision: &str| format!("\"digest\": \"{revision}\"");
            let block = text[start..end].replace(&digest(old.as_str()), &digest(new.as_str()));
            let lines = block.split('\n').filter(|line| !line.contains("_at\": "));
            let block = lines.collect::<Vec<_>>().join("\n");
            let block = block.trim_end_matches(',');
            let expected = [&text[..start], block, &text[end..]].concat();
            assert_eq!(lab.text(), expected, "{name}: {reference}");
            changed += 1;
        }
    }
    assert_eq!(changed, 18 + 16 + 18, "each unit of each sample");
}

#[test]
fn install_changed_by_ours_gives_the_bytes_of_a_go_flush() {
    let lab = Lab::with(vector("sample.agentsrc.lock"));
    let at: Timestamp = "2026-09-03T07:15:30Z".parse().unwrap();
    lab.lock.stamp_install(&Install::new("harbour", Tool::version("0.9.2"), at)).unwrap();
    assert_eq!(lab.text(), vector("sample-after-go-flush.agentsrc.lock"));
}

/// What a Go program leaves that sets `section`; `None`: there is no Python.
fn go_flush(text: &str, section: &str, json: &str) -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/go_flush.py");
    let mut command = Command::new("python3");
    command.args([script, section, json]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            testkit::skip(&format!("python3: {error}"));
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_go_flush_of_these_tests_gives_the_bytes_of_the_real_one() {
    for (name, version) in [("sample", "\"version\":\"0.9.2\","), ("foreign", "")] {
        let install =
            format!("{{\"project\":\"harbour\",{version}\"stamped_at\":\"2026-09-03T07:15:30Z\"}}");
        let before = vector(&format!("{name}.agentsrc.lock"));
        let Some(after) = go_flush(&before, "install", &install) else { return };
        assert_eq!(after, vector(&format!("{name}-after-go-flush.agentsrc.lock")));
    }
}

#[test]
fn a_go_flush_leaves_what_ours_wrote_as_it_is_the_five_characters_included() {
    const FIVE: &str = "<&>\u{2028}\u{2029}";
    let lab = Lab::with(vector("sample.agentsrc.lock"));
    let named = |kind: Kind, name: &str| {
        let unit = Unit::new(kind, digest(1)).with_cache_key(CacheKey::http_etag(FIVE));
        (Reference::verbatim(format!("acme:{name} {FIVE} \"\\\u{7f}\u{1} é\u{e000}😀")), unit)
    };
    let mut found = Pass::over([Kind::Prompt, Kind::Descriptor]);
    found.try_extend([named(Kind::Prompt, "p"), named(Kind::Descriptor, "d")]).unwrap();
    let install = Install::new(FIVE, Tool::version(FIVE), Timestamp::now());
    lab.lock
        .update(|document| {
            document.write(&found)?;
            document.stamp_install(&install)
        })
        .unwrap();
    let ours = lab.text();
    assert!(FIVE.chars().all(|character| !ours.contains(character)));
    assert_eq!(lab.install(), Some(install));
    assert!(found.iter().all(|(name, unit)| lab.units()[name] == *unit));
    let Some(theirs) = go_flush(&ours, "zz", "1") else { return };
    assert_eq!(theirs, ours.replacen("\n}\n", ",\n  \"zz\": 1\n}\n", 1));
    // And with theirs on the disk, ours changes no byte of it either.
    let lab = Lab::with(&theirs);
    assert_eq!(
        lab.lock.write(&restated(&lab, |_, unit| unit)).unwrap().flushed,
        Flushed::Unchanged
    );
    assert_eq!(lab.text(), theirs);
}
