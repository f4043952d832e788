//! Any sequence of passes of several resolvers, against a plain reference.

use std::collections::BTreeMap;

use agentslock_config::{
    ConfigLock, Durability, Flushed, Kind, LockfileOptions, Pass, Unit, WriteError,
};
use proptest::prelude::*;

use crate::support::{Lab, digest, reference};

/// Who owns what. Nobody owns the hologram that is there from the beginning.
const OWNERS: [&[Kind]; 3] = [&[Kind::Layer, Kind::Profile], &[Kind::Artifact], &[Kind::Prompt]];
const NAMES: [&str; 4] = ["a:w@1", "a:x@1", "a:y@1", "a:z@1"];

/// A pass of one owner: by name, which of its kinds a unit is of, its digest, and that of its
/// content.
#[derive(Clone, Debug)]
struct Resolved {
    owner: usize,
    units: BTreeMap<usize, (usize, u8, Option<u8>)>,
}

fn passes() -> impl Strategy<Value = Vec<Resolved>> {
    let unit = (0..2usize, 0..3u8, prop::option::of(0..3u8));
    // Few, so that owners sometimes leave each other room.
    let units = prop::collection::btree_map(0..NAMES.len(), unit, 0..3);
    let pass = (0..OWNERS.len(), units).prop_map(|(owner, units)| Resolved { owner, units });
    prop::collection::vec(pass, 1..30)
}

impl Resolved {
    fn kind(&self, which: usize) -> &'static Kind {
        &OWNERS[self.owner][which % OWNERS[self.owner].len()]
    }

    fn pass(&self) -> Pass {
        let mut pass = Pass::over(OWNERS[self.owner].to_vec());
        for (name, (which, byte, content)) in &self.units {
            let (name, kind) = (reference(NAMES[*name]), self.kind(*which));
            let unit = Unit::new(kind.clone(), digest(*byte));
            match content.filter(|_| *kind == Kind::Artifact) {
                Some(content) => pass.add_artifact(name, unit, digest(content)).unwrap(),
                None => pass.add(name, unit).unwrap(),
            }
        }
        pass
    }
}

/// By name: owner, kind, digest, and the digest of the content.
type World = BTreeMap<&'static str, (usize, String, u8, Option<u8>)>;

/// What the pass should make of the world; `None`: it must be refused.
fn expected(world: &World, resolved: &Resolved) -> Option<World> {
    let mut after = world.clone();
    after.retain(|_, (owner, ..)| *owner != resolved.owner);
    for (name, (which, byte, content)) in &resolved.units {
        let (name, kind) = (NAMES[*name], resolved.kind(*which).to_string());
        if after.contains_key(name) {
            return None;
        }
        let same = world.get(name).filter(|old| (&old.1, old.2) == (&kind, *byte));
        let kept = same.and_then(|old| old.3);
        let content = content.or(kept).filter(|_| kind == "artifact");
        after.insert(name, (resolved.owner, kind, *byte, content));
    }
    Some(after)
}

fn read(lock: &ConfigLock) -> World {
    let snapshot = lock.read().unwrap();
    let mut content = snapshot.artifact_content().unwrap();
    let mut units = snapshot.units().unwrap();
    assert_eq!(units.remove("b:odd@1").unwrap().kind.as_str(), "hologram", "nobody's");
    let byte = |digest: &str| u8::from_str_radix(&digest["sha256:".len()..][..2], 16).unwrap();
    let world = units
        .iter()
        .map(|(name, unit)| {
            let owner = OWNERS.iter().position(|kinds| kinds.contains(&unit.kind)).unwrap();
            let content = content.remove(name.as_str()).map(|content| byte(content.as_str()));
            let name = NAMES.into_iter().find(|known| *known == name.as_str()).unwrap();
            (name, (owner, unit.kind.to_string(), byte(unit.digest.as_str()), content))
        })
        .collect();
    assert!(content.is_empty(), "content of nothing: {content:?}");
    world
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]
    #[test]
    fn any_sequence_of_passes_loses_nobody_an_entry(passes in passes()) {
        let lab = Lab::with(r#"{"units":{"b:odd@1":{"kind":"hologram","digest":"sha256:00"}}}"#);
        let options = LockfileOptions::new().durability(Durability::Atomic);
        let lock = ConfigLock::with_options(lab.path(), options);
        let mut world = World::new();
        for resolved in &passes {
            let before = lab.text();
            let plan = lock.plan(&resolved.pass()).unwrap();
            prop_assert_eq!(&lab.text(), &before, "a plan writes nothing");
            match (lock.write(&resolved.pass()), expected(&world, resolved)) {
                (Ok(written), Some(after)) => {
                    prop_assert!(plan.refused.is_empty());
                    prop_assert_eq!(&written.changes, &plan.changes);
                    let unchanged = written.flushed == Flushed::Unchanged;
                    prop_assert_eq!(unchanged, after == world, "{:?}", resolved);
                    prop_assert_eq!(unchanged, written.changes.is_empty(), "{}", written.changes);
                    world = after;
                }
                (Err(WriteError::Refused { .. }), None) => {
                    prop_assert!(!plan.refused.is_empty());
                    prop_assert_eq!(lab.text(), before);
                }
                (outcome, after) => prop_assert!(false, "{resolved:?}: {outcome:?}, not {after:?}"),
            }
            prop_assert_eq!(&read(&lock), &world, "{:?}", resolved);
        }
    }
}
