//! The mutants: one way each of breaking the lock.

/// One way of breaking the lock.
pub(super) struct Mutant {
    pub(super) name: &'static str,
    /// Which tests are known to notice: those of a test target, or `lib`, whose names contain this.
    pub(super) noticed: &'static str,
    pub(super) edits: &'static [Edit],
}

/// Some lines of the lock's sources, and what stands there instead. How far they are indented, and
/// in which file they are, does not matter; but they must be there exactly once.
pub(super) struct Edit {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

pub(super) const MUTANTS: [Mutant; 31] = [
    Mutant {
        name: "a dead lock is cleared by renaming it aside",
        noticed: "processes races_takeover::",
        edits: &[Edit {
            from: "let was_there = unlink_record(names, &dir)?;",
            to: "let was_there = true;
                 if was_there {
                     let aside = names.preparation(&crate::environment::unique_name());
                     if std::fs::rename(&names.lock, &aside).is_ok() {
                         let _ = std::fs::remove_dir_all(&aside);
                     }
                     return Ok(Cleared::Done);
                 }
                 unlink_record(names, &dir)?;",
        }],
    },
    Mutant {
        name: "a look that fails counts as death",
        noticed: "it judge_",
        edits: &[Edit {
            from: "(_, Ok(stat)) => match stat.kind {
                   Kind::Directory => Occupant::alive(Some(stat), unknown(&error)),",
            to: "(_, Ok(stat)) => match stat.kind {
                     Kind::Directory => {
                         let _ = std::fs::remove_dir_all(&names.lock);
                         Found::Nothing
                     }",
        }],
    },
    Mutant {
        name: "a record is visible before its flock",
        noticed: "processes races_claim::",
        edits: &[
            Edit {
                from: "match dir.try_flock_exclusive() {
                       Ok(true) => {}
                       Ok(false) => return Err(FillError::Refused),
                       Err(_) => return Err(FillError::Unsupported),
                       }",
                to: "if false {
                         return Err(FillError::Refused);
                     }
                     if false {
                         return Err(FillError::Unsupported);
                     }",
            },
            Edit {
                from: "Ok(Publication::Done(claim))",
                to: "let _ = claim.dir.try_flock_exclusive();
                     Ok(Publication::Done(claim))",
            },
        ],
    },
    Mutant {
        name: "a release does not ask whose lock it is",
        noticed: "it lost::",
        edits: &[
            Edit { from: "verified?;", to: "let _ = verified;" },
            Edit {
                from: "remove_record(guard)?;",
                to: "let _ = remove_record(guard);
                     guard.state = State::RecordGone;",
            },
            Edit {
                from: "if !sys::is_at(lock, id).map_err(|error| Failure::Io(\"examine\", error))? {
                       guard.remove_emptied_renamed();
                       return Ok(());
                       }",
                to: "let _ = sys::unlink(&lock.join(record::NAME));",
            },
        ],
    },
    Mutant {
        name: "verify is always true",
        noticed: "it lost::",
        edits: &[
            Edit {
                from: "Ok(_) => Err(self.lost(\"another lock stands at its name\")),",
                to: "Ok(_) => Ok(()),",
            },
            Edit { from: "Err(self.lost(\"it is no longer there\"))", to: "Ok(())" },
            Edit {
                from: "None => Err(self.lost(\"its record was removed or replaced\")),",
                to: "None => Ok(()),",
            },
            Edit {
                from: "Some(false) => Err(self.lost(\"its record is another's\")),",
                to: "Some(false) => Ok(()),",
            },
        ],
    },
    Mutant {
        name: "a judge does not ask whether the name still stands for what it judged",
        noticed: "processes races_",
        edits: &[
            Edit {
                from: "if !sys::is_at(&names.lock, stat.id).unwrap_or(false) {
                       return Ok(Cleared::Done);",
                to: "if sys::lstat(&names.lock).is_err() {
                         return Ok(Cleared::Done);",
            },
            Edit {
                from: "if !sys::is_at(&names.lock, stat.id).unwrap_or(false) {
                       let _ = sys::unlink(&aside);",
                to: "if sys::lstat(&names.lock).is_err() {
                         let _ = sys::unlink(&aside);",
            },
        ],
    },
    Mutant {
        name: "a claimant in place keeps what it was slow to open",
        noticed: "processes races_claim::",
        edits: &[Edit { from: "if took >= GRACE / 4 * 3 {", to: "if took >= GRACE * 1000 {" }],
    },
    Mutant {
        name: "an expired record is removed without a last look",
        noticed: "processes races_takeover::",
        edits: &[Edit {
            from: "if !self.may_act(&occupant) || occupant.has_renewed() {",
            to: "if !self.may_act(&occupant) {",
        }],
    },
    Mutant {
        name: "an owner on its way out is not left alone",
        noticed: "processes races_handle::",
        edits: &[Edit {
            from: "return Verdict::Leaving;",
            to: "return Verdict::Remnant { timed: false };",
        }],
    },
    Mutant {
        name: "what was moved to the private name is not looked at",
        noticed: "processes races_handle::",
        edits: &[Edit {
            from: "if sys::lstat(&private).is_ok_and(|moved| moved.id != self.claim().id) {",
            to: "if false {",
        }],
    },
    Mutant {
        name: "a handle takes whatever stands at its private name",
        noticed: "it handle::",
        edits: &[Edit {
            from: "&& sys::is_at(&self.path, claim.id).unwrap_or(false)",
            to: "&& sys::is_at(&self.path, claim.id).is_ok()",
        }],
    },
    Mutant {
        name: "a handle takes a directory whose record was replaced",
        noticed: "it handle::",
        edits: &[Edit { from: "Some(own) if own.is_in(&self.dir)? => {}", to: "Some(_) => {}" }],
    },
    Mutant {
        name: "a handle that had to wait shows a directory that looks old",
        noticed: "it handle_age::",
        edits: &[Edit {
            from: "environment.age(self.record.stamp.min(self.changed)) > FRESH",
            to: "environment.age(self.record.stamp) > FRESH",
        }],
    },
    Mutant {
        name: "a forked child takes what its parent parked",
        noticed: "processes forks::",
        edits: &[Edit { from: "let usable = claim.owner.is_current()", to: "let usable = true" }],
    },
    Mutant {
        name: "the same number in another namespace is the same process",
        noticed: "processes forks::",
        edits: &[Edit {
            from: "self.number == std::process::id() && self.namespace.is_none_or(same)",
            to: "let _ = same;
                 self.number == std::process::id()",
        }],
    },
    Mutant {
        name: "a process that had to wait does not yield after its release",
        noticed: "processes races_handle::",
        edits: &[Edit { from: "std::thread::yield_now();", to: "" }],
    },
    Mutant {
        name: "a handle moves a lock that is 15 s old or older",
        noticed: "lib move_back::",
        edits: &[Edit {
            from: "const MOVABLE: i64 = 15_000_000_000;",
            to: "const MOVABLE: i64 = 29_000_000_000;",
        }],
    },
    Mutant {
        name: "an owner on its way out is left alone for as long as it lives",
        noticed: "processes races_handle::",
        edits: &[Edit {
            from: "is_that && leaving.since.elapsed() >= LEFT_ALONE",
            to: "is_that && leaving.since.elapsed() >= LEFT_ALONE * 1000",
        }],
    },
    Mutant {
        name: "who finds the record of a dead lock removed removes the rest at once",
        noticed: "processes races_left::",
        edits: &[Edit {
            from: "let leaves = leaves && !REMOVES_THAT && !was_there;",
            to: "let leaves = leaves && REMOVES_THAT && !was_there;",
        }],
    },
    Mutant {
        name: "what is left alone for a moment is not kept open",
        noticed: "processes races_left::",
        edits: &[Edit {
            from: "self.leaving = Some(Leaving { _dir: dir, id, since, is_cleared: true });",
            to: "drop(dir);
                 let _dir = sys::open_dir(&self.names.parent).expect(\"because it is there\");
                 self.leaving = Some(Leaving { _dir, id, since, is_cleared: true });",
        }],
    },
    Mutant {
        name: "a dead lock that was just emptied is removed at once by whoever sees it",
        noticed: "it judge_directory::",
        edits: &[Edit {
            from: "|| changed_within(LEFT_ALONE + tick) || changed_within(options.grace) && is_refused();",
            to: "|| changed_within(options.grace) && is_refused() && tick.is_zero();",
        }],
    },
    Mutant {
        name: "how old an emptied directory is was asked before its record was removed",
        noticed: "processes races_left::",
        edits: &[Edit {
            from: "let verdict = without_record(&dir, &now, options, asks_kernel);",
            to: "let verdict = without_record(&dir, &stat, options, asks_kernel);",
        }],
    },
    Mutant {
        name: "a lock is broken without a bar at its holder's private name",
        noticed: "processes races_handle::",
        edits: &[Edit { from: "if runs && !bar(&names, &occupant) {", to: "if runs && false {" }],
    },
    Mutant {
        name: "another user's lock is taken without the exclusive flock of its record",
        noticed: "processes take::",
        edits: &[Edit {
            from: "if !matches!(sys::try_flock_file(file, Flock::Exclusive), Ok(true))",
            to: "if sys::try_flock_file(file, Flock::Shared).is_err()",
        }],
    },
    Mutant {
        name: "another user's lock is taken without a last look",
        noticed: "processes take::",
        edits: &[Edit { from: "|| !is_still_there(names, file, judged)", to: "" }],
    },
    Mutant {
        name: "a dead lock is cleared without asking for its record's flock",
        noticed: "processes take::",
        edits: &[Edit {
            from: "Some(Ok(false)) => Err(BeingTaken),",
            to: "Some(Ok(false)) if false => Err(BeingTaken),",
        }],
    },
    Mutant {
        name: "what came out of an exchange is not looked at",
        noticed: "processes take::",
        edits: &[Edit {
            from: "if !came_out(&path, file) {",
            to: "if false && !came_out(&path, file) {",
        }],
    },
    Mutant {
        name: "a sweep goes through the whole directory at once",
        noticed: "it sweep::",
        edits: &[Edit {
            from: "const PIECE: usize = 256;",
            to: "const PIECE: usize = 1_000_000_000;",
        }],
    },
    Mutant {
        name: "a sweep ends after its first piece",
        noticed: "it sweep::",
        edits: &[Edit {
            from: "(0..PIECES_AFTER_RELEASE).try_fold(self, |sweep, _| sweep.piece(names, options))",
            to: "self.piece(names, options).and(None)",
        }],
    },
    Mutant {
        name: "whatever stands in a record is what was written",
        noticed: "it",
        edits: &[Edit { from: "self.written == bytes", to: "bytes.len() <= self.written.len()" }],
    },
    Mutant {
        name: "a waiter does not notice that its machine slept",
        noticed: "processes clock::",
        edits: &[Edit {
            from: "if took.saturating_sub(pause) > AWAY {",
            to: "if false && took.saturating_sub(pause) > AWAY {",
        }],
    },
];
