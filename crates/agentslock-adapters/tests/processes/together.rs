//! All of them at once.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use agentslock_adapters::AdaptersLock;
use agentslock_config::ConfigLock;
use testkit::{ChildTest, Place, TestChild};

use crate::adapters::{self, ADAPTERS, Built, rounds_after};
use crate::resolver::Resolved;

#[test]
fn no_unit_anchor_or_view_is_lost() {
    run(100);
}

#[test]
#[ignore = "long; run by `cargo xtask verify --long --only sections`"]
fn no_unit_anchor_or_view_is_lost_in_a_thousand_rounds() {
    run(1000);
}

fn run(rounds: u64) {
    let place = testkit::places().pop().unwrap();
    let path = place.join(".agentsrc.lock");
    std::fs::write(&path, "{\"bystander\": [1 , 2.0]}").unwrap();
    let mut children = spawn(&path, rounds);
    for child in &mut children {
        child.await_point("ready");
    }
    let done = &AtomicBool::new(false);
    let versions = thread::scope(|scope| {
        // Also if this thread panics, or the reader would go on for ever.
        let at_end = Done(done);
        let reader = scope.spawn(|| watch(&path, done));
        for child in &mut children {
            child.say("go");
        }
        for mut child in children {
            while child.await_point("round") != rounds.to_string() {}
            child.succeed();
        }
        drop(at_end);
        reader.join().unwrap()
    });
    assert!(versions > 3, "the reader saw only {versions} versions");

    let (resolved, built) = whole(&path);
    assert_eq!(resolved, Resolved { layers: rounds, packages: rounds });
    let all = ADAPTERS.map(|name| (name.to_owned(), rounds_after(rounds)));
    assert_eq!(built, Built::from(all));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"bystander\": [1 , 2.0]"), "{text}");
    assert_eq!(left_over(&place), [".agentsrc.lock"]);
    println!("{rounds} rounds of five processes, {versions} versions seen by the reader");
}

fn spawn(path: &Path, rounds: u64) -> Vec<TestChild> {
    let child = |module: &str, function: &str| {
        let module = format!("processes::{module}");
        let child = ChildTest::new(&module, function).var("DOCUMENT", path);
        child.var("ROUNDS", rounds.to_string())
    };
    let mut children = vec![
        child("resolver", "child_resolves_layers_and_profiles").spawn(),
        child("resolver", "child_resolves_packages").spawn(),
    ];
    for index in 0..ADAPTERS.len() {
        let adapter = child("adapters", "child_is_an_adapter").var("ADAPTER", index.to_string());
        children.push(adapter.spawn());
    }
    children
}

/// Tells the reader, by being dropped, that all is done.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads until all is done: each version is whole, and no older than the one before. How many there
/// were to see.
fn watch(path: &Path, done: &AtomicBool) -> u32 {
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy");
    let (mut last, mut versions) = ((Resolved::default(), Built::new()), 0);
    while !done.load(Ordering::Relaxed) {
        // Readers of several sections want them from one version.
        std::fs::copy(path, &copy).unwrap();
        let now = whole(&copy);
        versions += u32::from(now != last);
        assert!(now.0.layers >= last.0.layers && now.0.packages >= last.0.packages, "{now:?}");
        for (name, rounds) in &last.1 {
            let now = &now.1[name];
            assert!(now.len() >= rounds.len(), "a view of {name} is lost");
            assert!(now.iter().zip(rounds).all(|(now, before)| now >= before), "{name}: {now:?}");
        }
        last = now;
    }
    versions
}

fn whole(path: &Path) -> (Resolved, Built) {
    (
        Resolved::read_whole(&ConfigLock::new(path).read().unwrap()),
        adapters::read(&AdaptersLock::new(path)),
    )
}

fn left_over(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
