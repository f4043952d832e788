//! The example's document: read by type and written back, it is what it was, to the byte.

use agentslock_config::{Flushed, Kind, Pass, Reference, Unit};

use crate::support::{Lab, at, digest, example};

/// All that the document says, as a resolver would say it again; each digest as `alter` has it.
fn restated(lab: &Lab, alter: impl Fn(Unit) -> Unit) -> Pass {
    let content = lab.content();
    let mut pass = Pass::over([Kind::Layer, Kind::Profile, Kind::Artifact]);
    for (reference, unit) in lab.units() {
        match content.get::<Reference>(&reference) {
            Some(content) => pass.add_artifact(reference, alter(unit), content.clone()).unwrap(),
            None => pass.add(reference, alter(unit)).unwrap(),
        }
    }
    pass.resolved_from(lab.inputs().unwrap())
}

#[test]
fn an_unchanged_rewrite_of_all_sections_leaves_every_byte() {
    let lab = Lab::with(example());
    let lock = &lab.lock;
    assert_eq!(lock.write(&restated(&lab, |unit| unit)).unwrap().flushed, Flushed::Unchanged);
    let (install, refresh) = (lab.install().unwrap(), lab.refresh().unwrap());
    assert_eq!(lock.stamp_install(&install).unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lock.stamp_refresh(&refresh).unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.text(), example());
}

#[test]
fn all_sections_changed_and_changed_back_are_what_they_were_to_the_byte() {
    let lab = Lab::with(example());
    let lock = &lab.lock;
    let before = restated(&lab, |unit| unit);
    let (install, refresh) = (lab.install().unwrap(), lab.refresh().unwrap());
    let changed = restated(&lab, |unit| Unit::new(unit.kind, digest(1)));
    lock.write(&changed.resolved_from(digest(2))).unwrap();
    let (mut later, mut fresher) = (install.clone(), refresh.clone());
    later.stamped_at = at(1);
    fresher.refreshed_at = None;
    lock.stamp_install(&later).unwrap();
    lock.stamp_refresh(&fresher).unwrap();
    assert_ne!(lab.text(), example());
    // Now each entry is written from its type, and none is kept.
    lock.write(&before).unwrap();
    lock.stamp_install(&install).unwrap();
    lock.stamp_refresh(&refresh).unwrap();
    assert_eq!(lab.text(), example());
}
