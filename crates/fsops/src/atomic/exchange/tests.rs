//! A model: a directory of two names, and another program that acts before each of our calls, in
//! every way and order. The same acts happen in a second directory, in which we never were.

use std::io::{self, ErrorKind};

use super::{Exchanged, Names, exchange};

/// The content of a file; also its name in the model.
type Content = u32;

const OLD: Content = 0;
const NEW: Content = 1;

/// What another program does at the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Nothing,
    /// `rm`, or the first half of a replacement.
    Unlink,
    /// Only if there is no file, as git does. It must know what to expect.
    Create,
    /// Renames a new file over the name.
    Replace,
    /// Writes into the file that has the name, or changes its mode.
    Overwrite,
    /// Renames it to a third name, as a rotation or an editor's backup does.
    Aside,
    /// Removes the temporary, as `git clean` does.
    Clean,
}

const ACTS: [Act; 7] =
    [Act::Nothing, Act::Unlink, Act::Create, Act::Replace, Act::Overwrite, Act::Aside, Act::Clean];
/// How many calls the other program acts before.
const CALLS: u32 = 5;

/// The files of a directory by their numbers, and what has the two names.
#[derive(Clone, Debug)]
struct Directory {
    files: Vec<Content>,
    name: Option<usize>,
    temporary: Option<usize>,
    aside: Vec<usize>,
}

impl Directory {
    fn content(&self) -> Option<Content> {
        self.name.map(|file| self.files[file])
    }

    fn act(&mut self, act: Act, content: Content) {
        match (act, self.name) {
            (Act::Nothing, _) | (Act::Create, Some(_)) | (Act::Overwrite, None) => {}
            (Act::Unlink, _) => self.name = None,
            (Act::Create, None) | (Act::Replace, _) => {
                self.files.push(content);
                self.name = Some(self.files.len() - 1);
            }
            (Act::Overwrite, Some(file)) => self.files[file] = content,
            (Act::Aside, file) => {
                self.aside.extend(file);
                self.name = None;
            }
            (Act::Clean, _) => self.temporary = None,
        }
    }

    /// Whether the other program's files that are in `reference` are here; those at the temporary's
    /// name, too, if that `stays`.
    fn has_all_of(&self, reference: &Self, stays: bool) -> bool {
        let left = self.temporary.filter(|_| stays);
        let here: Vec<_> = self.name.iter().chain(&left).chain(&self.aside).collect();
        let theirs = reference.name.iter().chain(&reference.aside).filter(|file| **file > 1);
        theirs.into_iter().all(|file| here.contains(&file))
    }
}

struct Play {
    real: Directory,
    /// Without us; with our new file from the moment at which we put it in the place of the old.
    reference: Directory,
    acts: Vec<Act>,
    next_content: Content,
    /// Whether a plain rename takes the place of the exchange.
    renames: bool,
    /// Whether the new file took the place of the old one, which had the name then.
    is_committed: bool,
    calls: Vec<String>,
    wrong: Vec<&'static str>,
}

impl Play {
    fn new(script: u32, renames: bool) -> Self {
        let real = Directory {
            files: vec![OLD, NEW],
            name: Some(0),
            temporary: Some(1),
            aside: Vec::new(),
        };
        let number = ACTS.len();
        let acts = (0..CALLS).map(|call| ACTS[script as usize / number.pow(call) % number]);
        let (acts, calls, wrong) = (acts.rev().collect(), Vec::new(), Vec::new());
        let (reference, is_committed) = (real.clone(), false);
        Self { real, reference, acts, next_content: 2, renames, is_committed, calls, wrong }
    }

    /// The other program acts.
    fn others(&mut self) {
        let act = self.acts.pop().unwrap_or(Act::Nothing);
        for directory in [&mut self.real, &mut self.reference] {
            directory.act(act, self.next_content);
        }
        self.next_content += 1;
        self.calls.push(format!("{act:?}"));
        self.same_for_others();
    }

    /// A file is there if and only if another program thinks so: none meets ours in its gap.
    fn same_for_others(&mut self) {
        if self.real.name.is_some() != self.reference.name.is_some() {
            self.wrong.push("a file in the gap, or a gap");
        }
    }

    /// A moment at which the old file has the name is the one at which it is replaced.
    fn commit(&mut self) {
        if self.reference.content() == Some(OLD) && self.real.temporary == Some(1) {
            self.reference.name = Some(1);
            self.is_committed = true;
        }
    }

    fn expect(&mut self, is_right: bool, wrong: &'static str) {
        if !is_right {
            self.wrong.push(wrong);
        }
    }
}

impl Names for Play {
    type File = (usize, Content);

    fn exchange(&mut self, _: Option<&Self::File>) -> io::Result<bool> {
        self.others();
        self.calls.push("exchange".into());
        if self.renames {
            self.commit();
            self.real.name = self.real.temporary.take();
            self.same_for_others();
            return Ok(true);
        }
        if self.real.name.is_none() || self.real.temporary.is_none() {
            return Err(ErrorKind::NotFound.into());
        }
        self.commit();
        std::mem::swap(&mut self.real.name, &mut self.real.temporary);
        self.same_for_others();
        Ok(true)
    }

    fn at_temporary(&mut self) -> io::Result<Option<Self::File>> {
        self.others();
        self.calls.push("look".into());
        Ok(self.real.temporary.map(|file| (file, self.real.files[file])))
    }

    fn is_same(one: &Self::File, other: &Self::File) -> bool {
        one.0 == other.0
    }

    fn is_new_removed(&mut self) -> bool {
        let Directory { name, temporary, aside, .. } = &self.real;
        ![*name, *temporary].contains(&Some(1)) && !aside.contains(&1)
    }
}

/// What was wrong in one play.
fn play(script: u32, renames: bool) -> Option<String> {
    let mut play = Play::new(script, renames);
    let ended = exchange(&mut play, (1, NEW), |file| *file == (0, OLD));
    // If another program takes one of the two for a left-over, what it was remains unknown.
    let did = |act: Act| play.calls.contains(&format!("{act:?}"));
    let is_cleaned = did(Act::Clean);
    // It acted on our file, or three times in a row.
    let exchanges = play.calls.iter().filter(|call| *call == "exchange").count();
    let may_be_unclear = did(Act::Overwrite) || did(Act::Aside) || is_cleaned || exchanges > 2;
    // It puts a file there, renames ours aside as its own, and goes on with what it meets. If each
    // of these comes between two calls of ours, it removes another file than the one that it means.
    let met =
        play.calls.iter().filter(|call| ACTS[1..].iter().any(|act| **call == format!("{act:?}")));
    let is_lost_on_it = did(Act::Aside) && met.count() > 3;
    let is_committed = play.is_committed;
    let is_ours_there = play.real.name == Some(1) || play.real.aside.contains(&1);
    match &ended {
        Exchanged::Done => play.expect(is_committed || is_cleaned, "not done"),
        Exchanged::Changed => {
            play.expect(!is_committed, "done");
            play.expect(!is_ours_there || is_cleaned, "ours is there, though nothing was done");
        }
        Exchanged::Failed(_) => play.expect(is_cleaned, "failed"),
        Exchanged::Unclear(_) => {
            play.expect(may_be_unclear && (!is_committed || is_cleaned), "unclear");
            play.expect(play.real.name != Some(1) || is_cleaned, "ours has the name");
        }
        Exchanged::Unsupported | Exchanged::Displaced(_) => play.expect(false, "displaced"),
    }
    let is_unclear = matches!(ended, Exchanged::Unclear(_));
    let is_all_there = play.real.has_all_of(&play.reference, is_unclear);
    play.expect(is_all_there || is_cleaned || is_lost_on_it, "a lost file");
    while !is_unclear && !play.acts.is_empty() {
        play.others();
    }
    let is_same = play.real.content() == play.reference.content();
    play.expect(is_same || is_cleaned || is_unclear, "another content");
    let Play { calls, wrong, .. } = play;
    (!wrong.is_empty()).then(|| format!("{calls:?}, {ended:?}: {wrong:?}"))
}

fn scripts() -> impl Iterator<Item = u32> {
    0..u32::try_from(ACTS.len()).unwrap().pow(CALLS)
}

#[test]
fn the_name_has_what_another_program_put_there_last_whenever_it_acts() {
    assert_eq!(scripts().find_map(|script| play(script, false)), None);
}

#[test]
fn a_plain_rename_fails_in_the_same_model() {
    let wrong: Vec<_> = scripts().filter_map(|script| play(script, true)).collect();
    for kind in ["a file in the gap", "another content"] {
        assert!(wrong.iter().any(|wrong| wrong.contains(kind)), "{kind}");
    }
}

/// Two names of which the `calls` fail, each as it says.
struct Failing(Vec<Option<ErrorKind>>, Vec<u32>);

impl Failing {
    fn next(&mut self) -> io::Result<()> {
        self.0.pop().flatten().map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Names for Failing {
    type File = u32;

    fn exchange(&mut self, _: Option<&u32>) -> io::Result<bool> {
        self.next()?;
        self.1.swap(0, 1);
        Ok(true)
    }

    fn at_temporary(&mut self) -> io::Result<Option<u32>> {
        self.next()?;
        Ok(Some(self.1[1]))
    }

    fn is_same(one: &u32, other: &u32) -> bool {
        one == other
    }

    fn is_new_removed(&mut self) -> bool {
        false
    }
}

#[test]
fn if_a_call_fails_the_old_file_has_its_name_or_the_error_says_that_both_are_there() {
    const SOME: Option<ErrorKind> = Some(ErrorKind::PermissionDenied);
    let old = 0;
    let other = 2;
    // Which calls fail; what has the name; whether it stays there.
    for (calls, at_name, is_displaced) in [
        (vec![SOME], old, false),
        (vec![None, SOME], old, false),
        (vec![None, SOME, SOME], old, true),
        (vec![None, None, SOME], other, true),
        (vec![None, None, None, SOME], other, false),
    ] {
        let told = format!("{calls:?}");
        let mut names = Failing(calls.into_iter().rev().collect(), vec![at_name, 1]);
        let ended = exchange(&mut names, 1, |file| *file == old);
        let Failing(_, now) = names;
        if is_displaced {
            assert!(matches!(ended, Exchanged::Displaced(_)), "{told}: {ended:?}");
            assert_eq!(now, [1, at_name], "{told}");
        } else {
            let is_told = matches!(ended, Exchanged::Failed(_) | Exchanged::Unclear(_));
            assert!(is_told && now[0] == at_name, "{told}: {ended:?}");
        }
    }
}

#[cfg(target_os = "linux")]
mod real;
