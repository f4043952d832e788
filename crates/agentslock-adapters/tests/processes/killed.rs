//! Three adapters that bump their schemas, build, check and build again. Each is a process of its
//! own, and is killed again and again in the middle of whatever it does.
//!
//! | it dies in | then |
//! |---|---|
//! | reading, between two calls | nothing was changed; the next run reads what there is to do |
//! | `activate` with a new schema | the old schema is live, or the new one and no view is `ready` for the old one: both are one write |
//! | `register_views` | all views of the batch are registered, or none |
//! | `recompat_passed`, `recompat_failed` | the view is checked, or still to be checked |
//! | `view_rebuilt` | the view is `ready`, or still to be built; if the schema changed, to be checked |
//! | `schema_bumped` | after `activate` it changes nothing |
//!
//! A reader looks at each version of the document that it can get hold of.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use agentslock_adapters::{
    Activation, Adapter, AdapterHandle, AdaptersLock, Build, ChangeError, Dependency, Status,
};
use testkit::{ChildTest, TestChild};

use crate::{at, digest, document, patient, round};

const ADAPTERS: [&str; 3] = ["alpha", "beta", "gamma"];
const VIEWS: [&str; 2] = ["calls", "imports"];

/// What a child is doing.
const STEPS: [&str; 7] = [
    "reading",
    "activate",
    "register_views",
    "recompat_passed",
    "recompat_failed",
    "view_rebuilt",
    "schema_bumped",
];

/// Pseudo-random numbers (xorshift), so that a child's doings come from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        for shift in [13, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        self.0 % limit
    }
}

/// One adapter, as a program that knows only what the document says.
struct Own {
    handle: AdapterHandle,
    dependee: &'static str,
    step: Option<File>,
    random: Random,
}

impl Own {
    fn new(lock: &AdaptersLock, index: usize, step: Option<File>, seed: u64) -> Self {
        let handle = lock.adapter(ADAPTERS[index]).unwrap();
        let random = Random(seed * 2 + 1);
        Self { handle, dependee: ADAPTERS[(index + 1) % 3], step, random }
    }

    /// Tells the parent what comes, so that it can count where a kill hit.
    fn enter(&self, name: &str) {
        let index = STEPS.iter().position(|step| *step == name).unwrap();
        if let Some(step) = &self.step {
            step.write_all_at(&[u8::try_from(index).unwrap()], 0).unwrap();
        }
    }

    /// One thing after the other, on what it has read, which can be old by then.
    fn act(&mut self, lock: &AdaptersLock) -> Result<(), ChangeError> {
        self.enter("reading");
        let adapters = lock.adapters()?;
        let own = adapters.get(self.handle.name());
        let now = own.map_or(0, |own| round(&own.schema_digest));
        let chosen = self.random.below(10);
        if own.is_none() || chosen < 2 {
            self.enter("activate");
            let (source_digest, schema_digest) = (digest(1), digest(now + 1));
            let activation = Activation { source_digest, schema_digest, at: at(now + 1) };
            self.handle.activate(&activation)?;
        } else if chosen == 2 {
            self.enter("schema_bumped");
            self.handle.schema_bumped(&at(now))?;
        } else if chosen < 5 {
            let n = self.random.below(1000);
            let build = |_| Build::new(digest(n), at(n)).depending_on(self.on(&adapters));
            let builds = VIEWS.map(|view| (view, build(view)));
            self.enter("register_views");
            self.handle.register_views(builds)?;
        } else {
            self.go_on(&adapters, own)?;
        }
        Ok(())
    }

    fn on(&self, adapters: &std::collections::BTreeMap<String, Adapter>) -> Dependency {
        let schema = adapters.get(self.dependee).map(|it| it.schema_digest.clone());
        Dependency::new(self.dependee, schema.unwrap_or_else(|| digest(1)), "1")
    }

    /// Does what the views wait for.
    fn go_on(
        &mut self,
        adapters: &std::collections::BTreeMap<String, Adapter>,
        own: Option<&Adapter>,
    ) -> Result<(), ChangeError> {
        for (name, view) in own.into_iter().flat_map(|own| &own.materialized_views) {
            let n = self.random.below(1000);
            match view.view_status {
                Status::PendingRecompatCheck if self.random.below(8) == 0 => {
                    self.enter("recompat_failed");
                    self.handle.recompat_failed(name, &at(n))?;
                }
                Status::PendingRecompatCheck => {
                    self.enter("recompat_passed");
                    self.handle.recompat_passed(name, &[self.on(adapters)], &at(n))?;
                }
                Status::PendingRebuild => {
                    self.enter("view_rebuilt");
                    self.handle.view_rebuilt(name, &digest(n), &at(n))?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What others do meanwhile can make a call come too late. Anything else is a fault.
fn came_too_late(error: &ChangeError) -> bool {
    matches!(
        error,
        ChangeError::Illegal { .. } | ChangeError::Outdated { .. } | ChangeError::Blocked { .. }
    )
}

#[test]
fn child_lives_until_it_is_killed() {
    let Some(parent) = testkit::parent() else { return };
    let step = File::options().write(true).open(parent.path("STEP")).unwrap();
    let lock = AdaptersLock::with_options(document(&parent), patient());
    let index = usize::try_from(parent.number("ADAPTER")).unwrap();
    let mut own = Own::new(&lock, index, Some(step), parent.number("SEED"));
    parent.at("lives", "");
    loop {
        match own.act(&lock) {
            Ok(()) => {}
            Err(error) if came_too_late(&error) => {}
            Err(error) => {
                std::fs::write(parent.path("FAULT"), format!("{error:?}")).unwrap();
                return;
            }
        }
    }
}

#[test]
fn no_view_is_ever_ready_for_a_schema_that_is_gone() {
    run(Duration::from_secs(5));
}

#[test]
#[ignore = "long; run by `cargo xtask verify --long --only bumps`"]
fn no_view_is_ever_ready_for_a_schema_that_is_gone_in_ten_minutes() {
    run(Duration::from_secs(600));
}

/// How much has to happen, however slow the machine is.
const LEAST: (u32, u32) = (100, 30);

/// What happened so far.
#[derive(Default)]
struct Counts {
    versions: AtomicU32,
    kills: [AtomicU32; STEPS.len()],
    done: AtomicBool,
}

impl Counts {
    fn kills(&self) -> u32 {
        self.kills.iter().map(|kills| kills.load(Ordering::Relaxed)).sum()
    }

    fn are_enough(&self) -> bool {
        self.versions.load(Ordering::Relaxed) >= LEAST.0 && self.kills() >= LEAST.1
    }
}

/// Ends what the others do, also if this thread panics.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn run(time: Duration) {
    let place = testkit::places().pop().unwrap();
    let (path, fault) = (place.join(".agentsrc.lock"), place.join("fault"));
    std::fs::write(&path, "{\"bystander\": [1 , 2.0]}").unwrap();
    let counts = Counts::default();
    let start = Instant::now();
    thread::scope(|scope| {
        let at_end = AtEnd(&counts.done);
        for index in 0..ADAPTERS.len() {
            let (path, fault, counts) = (&path, &fault, &counts);
            scope.spawn(move || kill(index, path, fault, counts));
        }
        let mut last = String::new();
        while (start.elapsed() < time || !counts.are_enough()) && !fault.exists() {
            assert!(start.elapsed() < time + Duration::from_secs(300), "too little happens");
            look(&path, &mut last, &counts);
        }
        drop(at_end);
    });
    assert!(!fault.exists(), "{}", std::fs::read_to_string(&fault).unwrap());
    let steps = STEPS.iter().zip(&counts.kills);
    let steps: Vec<_> =
        steps.map(|(step, kills)| format!("{} {step}", kills.load(Ordering::Relaxed))).collect();
    let versions = counts.versions.load(Ordering::Relaxed);
    println!(
        "{} s, {versions} versions, {} kills: in {}",
        start.elapsed().as_secs(),
        counts.kills(),
        steps.join(", ")
    );
    recover(&path);
}

/// Looks at the document, if it is another than the last one.
fn look(path: &Path, last: &mut String, counts: &Counts) {
    let text = std::fs::read_to_string(path).unwrap();
    if text == *last {
        thread::yield_now();
        return;
    }
    let outdated = AdaptersLock::from_text(text.as_str()).unwrap().outdated().unwrap();
    let ready: Vec<_> = outdated.iter().filter(|it| it.status == Status::Ready).collect();
    assert!(ready.is_empty(), "{ready:?} in {text}");
    assert!(text.contains("\"bystander\": [1 , 2.0]"), "{text}");
    *last = text;
    counts.versions.fetch_add(1, Ordering::Relaxed);
}

/// Starts an adapter and kills it, until all is done. Counts in which step.
fn kill(index: usize, path: &Path, fault: &Path, counts: &Counts) {
    let step = path.with_file_name(format!("step-{index}"));
    std::fs::write(&step, [0]).unwrap();
    let mut random = Random(u64::from(std::process::id()) * 8 + index as u64 + 1);
    while !counts.done.load(Ordering::Relaxed) {
        let child = ChildTest::new("processes::killed", "child_lives_until_it_is_killed");
        let child = child.var("DOCUMENT", path).var("STEP", &step).var("FAULT", fault);
        let child = child.var("ADAPTER", index.to_string());
        let mut child: TestChild = child.var("SEED", random.below(1 << 30).to_string()).spawn();
        child.await_point("lives");
        // How long it lives is up to chance, and stands for nothing.
        thread::sleep(Duration::from_micros(random.below(200_000)));
        child.kill();
        let mut now = [0];
        File::open(&step).unwrap().read_exact(&mut now).unwrap();
        counts.kills[usize::from(now[0])].fetch_add(1, Ordering::Relaxed);
    }
}

/// Nothing that a killed process left is in the way. Each adapter does what its views wait for,
/// until all are ready for the live schemas.
fn recover(path: &Path) {
    let lock = AdaptersLock::with_options(path, patient());
    for _ in 0..10 {
        for index in 0..ADAPTERS.len() {
            let mut own = Own::new(&lock, index, None, 7);
            let adapters = lock.adapters().unwrap();
            if !adapters.contains_key(ADAPTERS[index]) {
                own.act(&lock).unwrap();
            }
            match own.go_on(&adapters, adapters.get(ADAPTERS[index])) {
                Ok(()) => {}
                Err(error) => assert!(came_too_late(&error), "{error:?}"),
            }
            let adapters = lock.adapters().unwrap();
            let needs =
                |view: &agentslock_adapters::View| view.view_status == Status::DslUpdateRequired;
            let views = &adapters[ADAPTERS[index]].materialized_views;
            if views.is_empty() || views.values().any(needs) {
                let on = own.on(&adapters);
                let build = Build::new(digest(1), at(1)).depending_on(on);
                own.handle.register_views(VIEWS.map(|view| (view, build.clone()))).unwrap();
            }
        }
    }
    for (name, adapter) in lock.adapters().unwrap() {
        for (view, found) in adapter.materialized_views {
            assert_eq!(found.view_status, Status::Ready, "{name}/{view}");
        }
    }
    assert!(lock.outdated().unwrap().is_empty());
}
