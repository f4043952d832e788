//! The reference: views as plain data, and what each call should do to them.

use std::collections::BTreeMap;

use super::{ADAPTERS, Call, VIEWS};
use crate::support::at;

/// A view, plainly.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plain {
    pub(crate) status: String,
    pub(crate) digest: u8,
    /// Which adapters, and which schemas of theirs.
    pub(crate) on: Vec<(usize, u8)>,
    /// `from to trigger at`
    pub(crate) history: Vec<String>,
}

impl Plain {
    fn go(&mut self, to: &str, trigger: &str, second: usize) {
        self.history.push(format!("{} {to} {trigger} {}", self.status, at(second)));
        if self.history.len() > 20 {
            self.history.remove(0);
        }
        to.clone_into(&mut self.status);
    }
}

/// By adapter: its schema, and its views.
pub(crate) type World = BTreeMap<&'static str, (u8, BTreeMap<&'static str, Plain>)>;

fn joined(names: &[(&str, &str)]) -> Vec<String> {
    let mut names: Vec<_> =
        names.iter().map(|(adapter, view)| format!("{adapter}/{view}")).collect();
    names.sort();
    names
}

const INACTIVE: &str = "not active";

/// Of `on`, the first adapter that offers another schema by now.
fn gone(world: &World, on: &[(usize, u8)]) -> Option<&'static str> {
    let is_gone = |(adapter, schema): &&(usize, u8)| {
        world.get(ADAPTERS[*adapter]).is_some_and(|(live, _)| live != schema)
    };
    on.iter().find(is_gone).map(|(adapter, _)| ADAPTERS[*adapter])
}

/// A view that is `ready` for what is gone is to be checked.
fn settle(plain: &mut Plain, gone: Option<&str>, second: usize) {
    if let Some(adapter) = gone {
        plain.go("pending-recompat-check", &format!("dependee-bump:{adapter}"), second);
    }
}

/// What a call should do to the world, and answer.
pub(crate) fn expect(world: &mut World, call: &Call, second: usize) -> String {
    let one = |world: &mut World, adapter: usize, view: usize, f: &dyn Fn(&mut Plain) -> bool| {
        let Some((_, views)) = world.get_mut(ADAPTERS[adapter]) else { return INACTIVE.to_owned() };
        match views.get_mut(VIEWS[view]).map(f) {
            Some(true) => "done".to_owned(),
            _ => format!("illegal {}/{}", ADAPTERS[adapter], VIEWS[view]),
        }
    };
    match call {
        Call::Activate { adapter, schema } => activate(world, *adapter, *schema, second),
        Call::Register { adapter, view, digest, on } => {
            let gone = gone(world, on);
            let Some((_, views)) = world.get_mut(ADAPTERS[*adapter]) else {
                return INACTIVE.to_owned();
            };
            let plain = views.entry(VIEWS[*view]).or_default();
            let to = if gone.is_some() { "pending-recompat-check" } else { "ready" };
            if (plain.status.as_str(), plain.digest, &plain.on) == (to, *digest, on) {
                return "same".to_owned();
            }
            plain.go("ready", "registered", second);
            settle(plain, gone, second);
            plain.digest = *digest;
            plain.on.clone_from(on);
            "done".to_owned()
        }
        Call::Bump { adapter } => bump(world, *adapter, second),
        Call::Pass { adapter, view, on } if is_checked(world, *adapter, *view, on) => {
            format!("outdated {}/{}", ADAPTERS[*adapter], VIEWS[*view])
        }
        Call::Pass { adapter, view, on } => one(world, *adapter, *view, &|plain| {
            let legal = plain.status == "pending-recompat-check";
            if legal {
                plain.go("pending-rebuild", "recompat-pass", second);
                plain.on.clone_from(on);
            }
            legal
        }),
        Call::Fail { adapter, view } => one(world, *adapter, *view, &|plain| {
            let legal = plain.status == "pending-recompat-check";
            if legal {
                plain.go("dsl-update-required", "recompat-fail", second);
            }
            legal
        }),
        Call::Rebuilt { adapter, view, digest } => {
            let views = world.get(ADAPTERS[*adapter]).map(|(_, views)| views);
            let on = views.and_then(|views| views.get(VIEWS[*view])).map(|plain| plain.on.clone());
            let gone = gone(world, &on.unwrap_or_default());
            one(world, *adapter, *view, &|plain| {
                let legal = plain.status == "pending-rebuild";
                if legal {
                    plain.go("ready", "rebuilt", second);
                    settle(plain, gone, second);
                    plain.digest = *digest;
                }
                legal
            })
        }
        Call::Reconcile { adapter, found } => reconcile(world, *adapter, *found, second),
        Call::Meddle { adapter, view } => {
            let views = world.get_mut(ADAPTERS[*adapter]).map(|(_, views)| views);
            if let Some(plain) = views.and_then(|views| views.get_mut(VIEWS[*view])) {
                "levitating".clone_into(&mut plain.status);
            }
            "done".to_owned()
        }
    }
}

/// Whether a check of the view would be told of, that was made against what is gone.
fn is_checked(world: &World, adapter: usize, view: usize, on: &[(usize, u8)]) -> bool {
    let views = world.get(ADAPTERS[adapter]).map(|(_, views)| views);
    let plain = views.and_then(|views| views.get(VIEWS[view]));
    plain.is_some_and(|plain| plain.status == "pending-recompat-check") && gone(world, on).is_some()
}

fn activate(world: &mut World, dependee: usize, schema: u8, second: usize) -> String {
    let mut blockers = Vec::new();
    for (name, (_, views)) in world.iter() {
        for (view, plain) in views {
            let depends = plain.on.iter().any(|(on, _)| *on == dependee);
            if plain.status == "dsl-update-required" && depends {
                blockers.push((*name, *view));
            }
        }
    }
    let live = world.get(ADAPTERS[dependee]).map(|(live, _)| *live);
    if live == Some(schema) {
        return "moved [] refused []".to_owned();
    }
    if !blockers.is_empty() {
        return format!("blocked {:?}", joined(&blockers));
    }
    world.entry(ADAPTERS[dependee]).or_default().0 = schema;
    bump(world, dependee, second)
}

fn bump(world: &mut World, dependee: usize, second: usize) -> String {
    let Some(live) = world.get(ADAPTERS[dependee]).map(|(live, _)| *live) else {
        return INACTIVE.to_owned();
    };
    let (mut moved, mut refused) = (Vec::new(), Vec::new());
    for (name, (_, views)) in world.iter_mut() {
        let old = |plain: &Plain| plain.on.iter().any(|on| on.0 == dependee && on.1 != live);
        for (view, plain) in views.iter_mut().filter(|(_, plain)| old(plain)) {
            if plain.status == "ready" {
                let trigger = format!("dependee-bump:{}", ADAPTERS[dependee]);
                plain.go("pending-recompat-check", &trigger, second);
                moved.push((*name, *view));
            } else {
                refused.push((*name, *view));
            }
        }
    }
    format!("moved {:?} refused {:?}", joined(&moved), joined(&refused))
}

fn reconcile(world: &mut World, adapter: usize, found: [Option<u8>; 2], second: usize) -> String {
    let Some((_, views)) = world.get_mut(ADAPTERS[adapter]) else {
        return INACTIVE.to_owned();
    };
    let mut moved = Vec::new();
    for (index, name) in VIEWS.iter().enumerate() {
        let Some(plain) = views.get_mut(name) else { continue };
        let trigger = match (plain.status.as_str(), found[index]) {
            ("levitating", _) => "reconcile:invalid-status",
            ("ready", None) => "reconcile:view tables absent",
            ("ready", Some(digest)) if digest != plain.digest => "reconcile:view digest mismatch",
            _ => continue,
        };
        plain.go("pending-rebuild", trigger, second);
        moved.push((ADAPTERS[adapter], *name));
    }
    format!("moved {:?} refused []", joined(&moved))
}
