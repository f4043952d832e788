//! A model: a directory of two names, and another program that acts before each of our calls, in
//! every way and order.

use std::io::{self, ErrorKind};

use super::{Names, Removed, remove};

/// A file by its number: 0 is the one that was read, 1 is our own.
type File = usize;

const OLD: File = 0;
const OWN: File = 1;

/// What another program does at the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Nothing,
    Unlink,
    /// Only if there is no file, as git does.
    Create,
    /// Renames a new file over the name.
    Replace,
    /// Removes the temporary, as `git clean` does.
    Clean,
}

const ACTS: [Act; 5] = [Act::Nothing, Act::Unlink, Act::Create, Act::Replace, Act::Clean];
/// How many calls the other program acts before: take, look, give back; and what comes after.
const CALLS: u32 = 4;

struct Play {
    name: Option<File>,
    temporary: Option<File>,
    acts: Vec<Act>,
    /// The files of the other program that it has not removed or replaced itself.
    wanted: Option<File>,
    next: File,
    /// Whether it acted on a name that we had emptied of its own file.
    met_the_gap: bool,
    cleaned: bool,
    /// Whether a plain unlink takes the place of the steps.
    unlinks: bool,
    calls: Vec<String>,
}

impl Play {
    fn new(script: u32, unlinks: bool) -> Self {
        let number = ACTS.len();
        let acts = (0..CALLS).map(|call| ACTS[script as usize / number.pow(call) % number]);
        Self {
            name: Some(OLD),
            temporary: Some(OWN),
            acts: acts.collect(),
            wanted: None,
            next: 2,
            met_the_gap: false,
            cleaned: false,
            unlinks,
            calls: Vec::new(),
        }
    }

    fn others(&mut self) {
        let act = self.acts.pop().unwrap_or(Act::Nothing);
        self.calls.push(format!("{act:?}"));
        let is_gap = self.name.is_none() && self.wanted.is_some();
        match act {
            Act::Nothing => {}
            Act::Unlink => {
                self.met_the_gap |= is_gap;
                (self.name, self.wanted) = (None, None);
            }
            Act::Create if self.name.is_some() => {}
            Act::Create | Act::Replace => {
                self.met_the_gap |= is_gap;
                (self.name, self.wanted) = (Some(self.next), Some(self.next));
                self.next += 1;
            }
            Act::Clean => {
                self.cleaned |= self.temporary != Some(OWN);
                self.temporary = None;
            }
        }
    }

    fn call(&mut self, name: &str) {
        self.others();
        self.calls.push(name.to_owned());
    }
}

impl Names for Play {
    type File = File;

    fn take(&mut self) -> io::Result<bool> {
        self.call("take");
        if self.unlinks {
            self.name = None;
            return Ok(false);
        }
        self.temporary = Some(self.name.take().ok_or(ErrorKind::NotFound)?);
        Ok(true)
    }

    fn at_temporary(&mut self) -> io::Result<Option<File>> {
        self.call("look");
        Ok(self.temporary)
    }

    fn at_name(&mut self) -> io::Result<Option<File>> {
        Ok(self.name)
    }

    fn give_back(&mut self) -> io::Result<()> {
        self.call("give back");
        if self.temporary.is_none() {
            return Err(ErrorKind::NotFound.into());
        }
        if self.name.is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.name = self.temporary.take();
        Ok(())
    }
}

/// What was wrong in one play.
fn play(script: u32, unlinks: bool) -> Option<String> {
    let mut play = Play::new(script, unlinks);
    let ended = remove(&mut play, |file| *file == OLD);
    let is_right = match &ended {
        // The old one is gone, and whatever else there is stays.
        Removed::Done => play.name != Some(OLD) && play.temporary.is_none_or(|file| file < 2),
        Removed::Changed => play.name.is_none_or(|file| file > OWN),
        // Both are there, and the program may have met the gap.
        Removed::Displaced(_) => play.temporary.is_some_and(|file| file > OWN) && play.met_the_gap,
        Removed::Unsupported => true,
        Removed::Failed(_) => false,
    };
    let is_kept = play.name == play.wanted || play.cleaned || play.met_the_gap;
    let told = format!("{:?}, {ended:?}: {:?}, {:?}", play.calls, play.name, play.wanted);
    (!is_right || !is_kept).then_some(told)
}

fn scripts() -> impl Iterator<Item = u32> {
    0..u32::try_from(ACTS.len()).unwrap().pow(CALLS)
}

#[test]
fn what_another_program_puts_at_the_name_stays_whenever_it_acts() {
    assert_eq!(scripts().find_map(|script| play(script, false)), None);
}

#[test]
fn a_plain_unlink_fails_in_the_same_model() {
    assert!(scripts().any(|script| play(script, true).is_some()));
}

/// Two names of which the `calls` fail, each as it says.
struct Failing(Vec<Option<ErrorKind>>, [Option<File>; 2]);

impl Failing {
    fn next(&mut self) -> io::Result<()> {
        self.0.pop().flatten().map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Names for Failing {
    type File = File;

    fn take(&mut self) -> io::Result<bool> {
        self.next()?;
        self.1[1] = self.1[0].take();
        Ok(true)
    }

    fn at_temporary(&mut self) -> io::Result<Option<File>> {
        self.next()?;
        Ok(self.1[1])
    }

    fn at_name(&mut self) -> io::Result<Option<File>> {
        Ok(self.1[0])
    }

    fn give_back(&mut self) -> io::Result<()> {
        self.next()?;
        self.1[0] = self.1[1].take();
        Ok(())
    }
}

#[test]
fn if_a_call_fails_the_file_has_its_name_or_the_error_says_where_it_is() {
    const SOME: Option<ErrorKind> = Some(ErrorKind::PermissionDenied);
    let other = 2;
    // Which calls fail; what has the name; whether it has it afterwards.
    for (calls, at_name, stays) in [
        (vec![SOME], OLD, true),
        (vec![None, SOME], OLD, true),
        (vec![None, SOME, SOME], OLD, false),
        (vec![None, None, SOME], other, false),
    ] {
        let told = format!("{calls:?}");
        let mut names = Failing(calls.into_iter().rev().collect(), [Some(at_name), Some(OWN)]);
        let ended = remove(&mut names, |file| *file == OLD);
        if stays {
            assert!(matches!(ended, Removed::Failed(_)), "{told}: {ended:?}");
            assert_eq!(names.1[0], Some(at_name), "{told}");
        } else {
            assert!(matches!(ended, Removed::Displaced(_)), "{told}: {ended:?}");
            assert_eq!(names.1, [None, Some(at_name)], "{told}");
        }
    }
}
