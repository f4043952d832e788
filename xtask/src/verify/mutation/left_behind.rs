//! Mutants that leave something behind: in a directory that was renamed, or beside the lock.

use super::mutants::{Edit, Mutant};

pub(super) const LEFT_BEHIND: [Mutant; 14] = [
    Mutant {
        name: "a lock stays in a directory that was renamed",
        noticed: "it release::",
        edits: &[Edit {
            from: "guard.remove_bar();\nguard.remove_renamed();",
            to: "guard.remove_bar();",
        }],
    },
    Mutant {
        name: "a lock in a renamed directory is removed wherever it stands",
        noticed: "it release::",
        edits: &[
            Edit { from: "&& above.has(name, claim.id)", to: "" },
            Edit {
                from: "if !self.has(name, id) {
                       return Ok(());
                       }",
                to: "let _ = id;",
            },
        ],
    },
    Mutant {
        name: "a lock stays in a directory that was renamed before its handle's rename",
        noticed: "processes races_handle::",
        edits: &[Edit {
            from: "self.remove_renamed();\nreturn Moved::Lost(\"it is no longer there\");",
            to: "return Moved::Lost(\"it is no longer there\");",
        }],
    },
    Mutant {
        name: "a lock stays in a renamed directory if its handle moved a later one",
        noticed: "processes races_handle::",
        edits: &[Edit {
            from: "self.remove_renamed();\nself.claim = None;",
            to: "self.claim = None;",
        }],
    },
    Mutant {
        name: "an emptied directory stays in a directory that was renamed",
        noticed: "processes races_handle::",
        edits: &[Edit {
            from: "guard.remove_emptied_renamed();\nreturn Ok(());",
            to: "return Ok(());",
        }],
    },
    Mutant {
        name: "an emptied directory stays if it was renamed right before its removal",
        noticed: "processes races_handle::",
        edits: &[Edit { from: "guard.remove_emptied_renamed();\nOk(())", to: "Ok(())" }],
    },
    Mutant {
        name: "a directory that may not be listed is not looked into",
        noticed: "processes users::",
        edits: &[Edit { from: "let access = OFlags::PATH;", to: "let access = OFlags::RDONLY;" }],
    },
    Mutant {
        name: "what comes out of an exchange without a record is a dead lock",
        noticed: "processes take::",
        edits: &[Edit {
            from: "sys::lstat(path).map_or(true, |stat| stat.kind == Kind::Directory && stat.is_sticky())",
            to: "sys::lstat(path).map_or(true, |stat| stat.kind != Kind::Symlink)",
        }],
    },
    Mutant {
        name: "a leftover is left alone for the grace though it was ready to be published",
        noticed: "it sweep::",
        edits: &[Edit {
            from: "Kind::Directory if stat.is_sticky() || age > options.grace => {",
            to: "Kind::Directory if age > options.grace => {",
        }],
    },
    Mutant {
        name: "a preparation younger than the grace is asked",
        noticed: "it sweep::",
        edits: &[Edit {
            from: "Kind::Directory if stat.is_sticky() || age > options.grace => {",
            to: "Kind::Directory => {",
        }],
    },
    Mutant {
        name: "an acquisition sweeps only if somebody contends",
        noticed: "it sweep::",
        edits: &[Edit {
            from: "if self.sweep.is_none() && self.sweeps_if_due && home.is_none() {",
            to: "if false {",
        }],
    },
    Mutant {
        name: "a handle sweeps only once",
        noticed: "it sweep::",
        edits: &[Edit {
            from: "let is_due = parking.swept.is_none_or(|at| now.duration_since(at) >= ttl);",
            to: "let is_due = parking.swept.is_none_or(|at| now.duration_since(at) >= ttl && false);",
        }],
    },
    Mutant {
        name: "whoever asks too early puts the next sweep off",
        noticed: "lib sweep::",
        edits: &[Edit {
            from: "if due {\nself.note(lock, ttl, now);",
            to: "if due || true {\nself.note(lock, ttl, now);",
        }],
    },
    Mutant {
        name: "a handle that timed out forgets what it had to sweep",
        noticed: "it sweep::",
        edits: &[Edit { from: "slot.keep_sweep(sweep);", to: "drop(sweep);" }],
    },
];
