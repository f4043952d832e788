//! The calls as they are made, and the document as it is read.

use agentslock_adapters::{Activation, Build, Bumped, ChangeError, Dependency, Flushed, Presence};

use super::plain::{Plain, World};
use super::{ADAPTERS, Call, VIEWS};
use crate::support::{Lab, at, digest};

pub(crate) fn perform(lab: &Lab, call: &Call, second: usize) -> String {
    let at = at(second);
    let own = |adapter: &usize| lab.adapter(ADAPTERS[*adapter]);
    let dependencies = |on: &[(usize, u8)]| -> Vec<Dependency> {
        on.iter().map(|(on, schema)| Dependency::new(ADAPTERS[*on], digest(*schema), "1")).collect()
    };
    let outcome = match call {
        Call::Activate { adapter, schema } => {
            let (source_digest, schema_digest) = (digest(7), digest(*schema));
            let activation = Activation { source_digest, schema_digest, at };
            match own(adapter).activate(&activation) {
                Ok(bumped) => return moved(&bumped),
                Err(error) => Err(error),
            }
        }
        Call::Register { adapter, view, digest: byte, on } => {
            let build = Build::new(digest(*byte), at);
            let build = dependencies(on).into_iter().fold(build, Build::depending_on);
            match own(adapter).register_view(VIEWS[*view], &build) {
                Ok(done) if done.flushed == Flushed::Unchanged => return "same".to_owned(),
                outcome => outcome.map(drop),
            }
        }
        Call::Bump { adapter } => match own(adapter).schema_bumped(&at) {
            Ok(bumped) => return moved(&bumped),
            Err(error) => Err(error),
        },
        Call::Pass { adapter, view, on } => {
            own(adapter).recompat_passed(VIEWS[*view], &dependencies(on), &at).map(drop)
        }
        Call::Fail { adapter, view } => own(adapter).recompat_failed(VIEWS[*view], &at).map(drop),
        Call::Rebuilt { adapter, view, digest: byte } => {
            own(adapter).view_rebuilt(VIEWS[*view], &digest(*byte), &at).map(drop)
        }
        Call::Reconcile { adapter, found } => {
            let presence = |view: &str| {
                let index = VIEWS.iter().position(|name| *name == view).unwrap();
                found[index].map_or(Presence::Absent, |byte| Presence::Present(digest(byte)))
            };
            match own(adapter).reconcile(&at, |view, _| presence(view)) {
                Ok(done) => {
                    let moved: Vec<_> = done.moved.iter().map(ToString::to_string).collect();
                    return format!("moved {moved:?} refused []");
                }
                Err(error) => Err(error),
            }
        }
        Call::Meddle { adapter, view } => {
            let mut document: serde_json::Value = serde_json::from_str(&lab.text()).unwrap();
            let views = format!("/adapters/{}/materialized_views", ADAPTERS[*adapter]);
            if let Some(view) = document.pointer_mut(&format!("{views}/{}", VIEWS[*view])) {
                view["view_status"] = "levitating".into();
                lab.write(document.to_string());
            }
            Ok(())
        }
    };
    match outcome {
        Ok(()) => "done".to_owned(),
        Err(ChangeError::NotActive { .. }) => "not active".to_owned(),
        Err(ChangeError::Outdated { view, .. }) => format!("outdated {}", view.view),
        Err(ChangeError::Illegal { transition, .. }) => format!("illegal {}", transition.view),
        Err(ChangeError::Blocked { views, .. }) => {
            let views: Vec<_> = views.iter().map(ToString::to_string).collect();
            format!("blocked {views:?}")
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn moved(bumped: &Bumped) -> String {
    let moved: Vec<_> = bumped.moved.iter().map(ToString::to_string).collect();
    let refused: Vec<_> = bumped.refused.iter().map(|one| one.view.to_string()).collect();
    format!("moved {moved:?} refused {refused:?}")
}

/// The document, as plainly as the reference.
pub(crate) fn read(lab: &Lab) -> World {
    let name_of =
        |names: &[&'static str], name: &str| *names.iter().find(|known| **known == name).unwrap();
    let byte_of = |text: &str| u8::from_str_radix(&text["sha256:".len()..][..2], 16).unwrap();
    let adapters = lab.lock.adapters().unwrap();
    let plain = |view: &agentslock_adapters::View| Plain {
        status: view.view_status.to_string(),
        digest: byte_of(view.view_digest.as_ref().unwrap().as_str()),
        on: view
            .depends_on
            .iter()
            .map(|on| {
                let adapter = ADAPTERS.iter().position(|name| *name == on.adapter).unwrap();
                (adapter, byte_of(on.schema_digest.as_str()))
            })
            .collect(),
        history: view
            .state_history
            .iter()
            .map(|t| format!("{} {} {} {}", t.from.as_deref().unwrap_or(""), t.to, t.trigger, t.at))
            .collect(),
    };
    adapters
        .iter()
        .map(|(name, adapter)| {
            let views = adapter.materialized_views.iter();
            let views = views.map(|(name, view)| (name_of(&VIEWS, name), plain(view))).collect();
            (name_of(&ADAPTERS, name), (byte_of(adapter.schema_digest.as_str()), views))
        })
        .collect()
}
