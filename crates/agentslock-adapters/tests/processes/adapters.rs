//! Three adapters, each a process of its own. Each depends on the next one, and now and then bumps
//! its schema, which changes the entry of the one before it.

use std::collections::BTreeMap;

use agentslock_adapters::{
    Activation, AdapterHandle, AdaptersLock, Build, ChangeError, Dependency, Status, View,
};

use crate::{at, digest, document, patient, round, work};

pub(crate) const ADAPTERS: [&str; 3] = ["alpha", "beta", "gamma"];
const VIEWS: [&str; 2] = ["calls", "imports"];

#[test]
fn child_is_an_adapter() {
    let Some(parent) = testkit::parent() else { return };
    let index = usize::try_from(parent.number("ADAPTER")).unwrap();
    let dependee = ADAPTERS[(index + 1) % 3];
    let lock = AdaptersLock::with_options(document(&parent), patient());
    let own = lock.adapter(ADAPTERS[index]).unwrap();
    work(parent, |round| {
        if round == 1 || round.is_multiple_of(10) {
            let (source_digest, schema_digest) = (digest(1), digest(round));
            let activation = Activation { source_digest, schema_digest, at: at(round) };
            let bumped = own.activate(&activation).unwrap();
            assert!(bumped.moved.len() + bumped.refused.len() <= VIEWS.len(), "{bumped:?}");
        }
        build(&lock, &own, VIEWS[view_of(round)], round, dependee);
        let views = own.entry().unwrap().unwrap().materialized_views;
        let built: Vec<_> = views.values().map(built).collect();
        assert_eq!(built, rounds_after(round), "what only we build is what we built");
        for view in views.values() {
            assert_eq!(view.depends_on[0].adapter, dependee);
        }
    });
}

/// Each round builds one of the views.
fn view_of(round: u64) -> usize {
    usize::from(round.is_multiple_of(2))
}

/// The rounds that the views were last built in, after `round`.
pub(crate) fn rounds_after(round: u64) -> Vec<u64> {
    match round {
        1 => vec![1],
        _ if view_of(round) == 0 => vec![round, round - 1],
        _ => vec![round - 1, round],
    }
}

/// The round that a view was built in.
fn built(view: &View) -> u64 {
    view.view_digest.as_ref().map_or(0, round)
}

/// Builds a view, in the way that its status asks for. From `ready` a bump can move it under our
/// hands, from where it goes on we alone.
fn build(lock: &AdaptersLock, own: &AdapterHandle, view: &str, round: u64, dependee: &str) {
    loop {
        let adapters = lock.adapters().unwrap();
        let schema = adapters.get(dependee).map(|adapter| adapter.schema_digest.clone());
        let on = Dependency::new(dependee, schema.unwrap_or_else(|| digest(1)), "1");
        let views = &adapters[own.name()].materialized_views;
        let status = views.get(view).map(|view| view.view_status.clone());
        if status != Some(Status::PendingRecompatCheck) {
            let build = Build::new(digest(round), at(round)).depending_on(on);
            own.register_view(view, &build).unwrap();
            return;
        }
        match own.recompat_passed(view, &[on], &at(round)) {
            // Bumped once more, since it was read.
            Err(ChangeError::Outdated { .. }) => {}
            passed => {
                passed.unwrap();
                own.view_rebuilt(view, &digest(round), &at(round)).unwrap();
                return;
            }
        }
    }
}

/// The rounds that each adapter's views tell of.
pub(crate) type Built = BTreeMap<String, Vec<u64>>;

/// Reads them, and checks that each history leads where the view is.
pub(crate) fn read(lock: &AdaptersLock) -> Built {
    let adapters = lock.adapters().unwrap();
    let outdated = lock.outdated().unwrap();
    assert!(outdated.iter().all(|view| view.status != Status::Ready), "{outdated:?}");
    for view in adapters.values().flat_map(|adapter| adapter.materialized_views.values()) {
        let history = &view.state_history;
        assert_eq!(history.last().map(|last| last.to.as_str()), Some(view.view_status.as_str()));
        for pair in history.windows(2) {
            assert_eq!(pair[1].from.as_ref(), Some(&pair[0].to), "a transition is lost");
        }
    }
    let rounds = |adapter: &agentslock_adapters::Adapter| {
        adapter.materialized_views.values().map(built).collect()
    };
    adapters.iter().map(|(name, adapter)| (name.clone(), rounds(adapter))).collect()
}
