//! model
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]
mod canonical;
mod claim;
mod clear;
mod config;
mod graph;
mod model;
mod peers;
mod properties;
mod state;
mod world;

use stateright::{Checker, Model};

#[test]
fn measure() {
    use config::*;
    let which = std::env::var("WHICH").unwrap_or_default();
    let kinds: &'static [Kind] = match which.as_str() {
        "p3" => &[Kind::Publish; 3],
        "p4" => &[Kind::Publish; 4],
        "i2" => &[Kind::InPlace; 2],
        "i3" => &[Kind::InPlace; 3],
        "i4" => &[Kind::InPlace; 4],
        "m21" => &[Kind::Publish, Kind::Publish, Kind::InPlace],
        "m12" => &[Kind::Publish, Kind::InPlace, Kind::InPlace],
        "m22" => &[Kind::Publish, Kind::Publish, Kind::InPlace, Kind::InPlace],
        "d1" => &[Kind::Publish, Kind::Directory],
        "d2" => &[Kind::Publish, Kind::Publish, Kind::Directory],
        "d3" => &[Kind::Publish, Kind::Publish, Kind::Publish, Kind::Directory],
        "di2" => &[Kind::InPlace, Kind::InPlace, Kind::Directory],
        "di3" => &[Kind::InPlace, Kind::InPlace, Kind::InPlace, Kind::Directory],
        "f1" => &[Kind::Publish, Kind::File],
        "f2" => &[Kind::Publish, Kind::Publish, Kind::File],
        "f3" => &[Kind::Publish, Kind::Publish, Kind::Publish, Kind::File],
        "fi2" => &[Kind::InPlace, Kind::InPlace, Kind::File],
        _ => &[Kind::Publish; 2],
    };
    let mut config = Config::of(kinds);
    if let Ok(c) = std::env::var("CRASHES") {
        config.crashes = c.parse().unwrap();
    }
    if let Ok(c) = std::env::var("ROUNDS") {
        config.rounds = c.parse().unwrap();
    }
    if std::env::var_os("NOGIVE").is_some() {
        config.gives_up = false;
    }
    if std::env::var_os("REMOTE").is_some() {
        config.local = false;
        config.clock = Clock::Passes;
    }
    if std::env::var_os("PASSES").is_some() {
        config.clock = Clock::Passes;
    }
    if let Ok(c) = std::env::var("STOPS") {
        config.stops = match c.as_str() {
            "m" => &[Stop::Meddled],
            "o" => &[Stop::Outstayed],
            _ => &[Stop::Meddled, Stop::Outstayed],
        };
    }
    if let Ok(c) = std::env::var("MENDS") {
        config.mends = match c.as_str() {
            "p" => &[Mend::ProbeTheExpired],
            "s" => &[Mend::SlowClaimIsLost],
            "f" => &[Mend::LockedPlaceholder],
            "w" => &[Mend::SharedSweep],
            "n" => &[],
            "ps" => &[Mend::ProbeTheExpired, Mend::SlowClaimIsLost],
            "pa" => &[Mend::ProbeTheExpired, Mend::NoAdoption],
            "psa" => &[Mend::ProbeTheExpired, Mend::NoAdoption, Mend::SlowClaimIsLost],
            _ => &[
                Mend::ProbeTheExpired,
                Mend::SlowClaimIsLost,
                Mend::LockedPlaceholder,
                Mend::SharedSweep,
            ],
        };
    }
    if let Ok(c) = std::env::var("SCENE") {
        config.scene = match c.as_str() {
            "f" => Scene::ExpiredFile,
            _ => Scene::ExpiredDirectory,
        };
    }
    if let Ok(c) = std::env::var("BROKEN") {
        config.broken = match c.as_str() {
            "a" => Broken::RenameAside,
            "b" => Broken::FailedLookIsDeath,
            "c" => Broken::RecordBeforeFlock,
            "d" => Broken::ReleaseUnchecked,
            "e" => Broken::RecursiveDelete,
            "g" => Broken::FileRenamedAway,
            _ => Broken::ExclusiveProbe,
        };
    }
    if let Ok(c) = std::env::var("ONLY") {
        config.only = match c.as_str() {
            "o" => &[properties::ONE_OF_OURS],
            "t" => &[properties::NOT_TORN],
            "p" => &[properties::PROOF],
            "s" => &[properties::STILL_THERE],
            "n" => &[
                properties::PREPARATION,
                properties::PROOF,
                properties::NOT_TORN,
                properties::STILL_THERE,
                properties::ONE_OF_OURS,
            ],
            _ => &[properties::ONE_OF_ALL],
        };
    }
    let start = std::time::Instant::now();
    let checker = config.clone().checker().spawn_bfs().join();
    println!(
        "{} states, {} generated, depth {}, {:?}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        start.elapsed()
    );
    for (name, path) in checker.discoveries() {
        println!("VIOLATED {name}");
        for (state, action) in path.into_vec() {
            if std::env::var_os("BRIEF").is_none() {
                if let Some(model::Action::Step(p, _)) = action {
                    println!("   {} {:?}", p, state.state.process(p).pc);
                } else {
                    println!("   {action:?}");
                }
            }
        }
    }
    if std::env::var_os("LIVE").is_some() {
        let start = std::time::Instant::now();
        let graph = graph::Graph::of(&config);
        println!("{} states {:?}", graph.states.len(), start.elapsed());
        let mut pcs: Vec<_> = graph.states.iter().flat_map(|s| s.processes.map(|p| p.pc)).collect();
        pcs.sort_unstable();
        pcs.dedup();
        println!("{pcs:?}");
        let (n, hopeless) = graph.hopeless();
        println!("waiting {n} hopeless {}  {:?}", hopeless.len(), hopeless.first());
        let (n, blocked) = graph.blocked();
        let other: Vec<_> =
            blocked.iter().filter(|(s, p)| !graph::is_locked_by_a_stranger(s, *p)).collect();
        println!(
            "waiters {n} blocked {} other {} {:?} {:?}",
            blocked.len(),
            other.len(),
            blocked.first(),
            other.first()
        );
        println!("{:?}", start.elapsed());
    }
}
