//! A path through the model, told in words.

use crate::calls::Pc;
use crate::config::{Config, Kind};
use crate::model::{Action, Moment};

/// What happened, step by step.
pub(crate) struct Trace(Vec<(Action, Moment)>);

impl Trace {
    pub(crate) fn of(path: stateright::Path<Moment, Action>) -> Self {
        let steps = path.into_vec().into_iter();
        Self(steps.filter_map(|(before, action)| Some((action?, before))).collect())
    }

    /// Of actions, each with the moment before it.
    pub(crate) fn new(steps: Vec<(Action, Moment)>) -> Self {
        Self(steps)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The calls that `kinds` of processes made, in order.
    pub(crate) fn calls(&self, config: &Config, wanted: impl Fn(Kind) -> bool) -> Vec<Pc> {
        let call = |(action, before): &(Action, Moment)| match action {
            Action::Step(p, _) if wanted(config.kind(*p)) => Some(before.state.process(*p).pc),
            _ => None,
        };
        self.0.iter().filter_map(call).collect()
    }

    /// Whether a process held the lock when that first happened.
    pub(crate) fn hits_a_holder(&self, what: Action) -> bool {
        let first = self.0.iter().find(|(action, _)| *action == what);
        first.is_some_and(|(_, before)| before.state.processes.iter().any(|p| p.pc == Pc::Held))
    }

    pub(crate) fn has(&self, wanted: Action) -> bool {
        self.0.iter().any(|(action, _)| *action == wanted)
    }

    /// One line for each step: who, and which call.
    pub(crate) fn words(&self, config: &Config) -> String {
        let line = |(action, before): &(Action, Moment)| {
            let name = |p: &u8| match config.kind(*p) {
                Kind::Directory => "peer (first directory generation)".to_owned(),
                Kind::LastDirectory => "peer (last directory generation)".to_owned(),
                Kind::File => "peer (file generation)".to_owned(),
                _ => char::from(b'A' + p).to_string(),
            };
            let call = |p: &u8| before.state.process(*p).pc.words();
            match action {
                Action::Step(p, 0) => format!("  {}: {}\n", name(p), call(p)),
                Action::Step(p, _) if before.state.process(*p).pc == Pc::ProbeSticky => {
                    format!("  {}: {}: refused, and its 50 ms are over\n", name(p), call(p))
                }
                Action::Step(p, _) => format!("  {}: lstat a preparation: old\n", name(p)),
                Action::Fail(p) => format!("  {}: {} fails\n", name(p), call(p)),
                Action::GiveUp(p) => format!("  {} gives up\n", name(p)),
                Action::Crash(p) => format!("  {} is killed\n", name(p)),
                Action::Later => "  the grace goes by\n".to_owned(),
                Action::MuchLater => "  the TTL goes by\n".to_owned(),
                Action::Back => "  the clock is set back\n".to_owned(),
                Action::Sleep => "  the machine sleeps for longer than the TTL\n".to_owned(),
                Action::Renewed => "  half a TTL goes by, and holders renew\n".to_owned(),
            }
        };
        self.0.iter().map(line).collect()
    }
}
