//! The digest of the inputs: what a resolve was made from, as one number.
//!
//! The Go programs compute the same number, so every step is fixed:
//!
//! 1. Each of the three slots is absent or holds the bytes of a file.
//! 2. A file's canonical text ([`canonical`](canonical::canonical)) has its keys sorted and no
//!    white space. The canonical text of an absent file is empty.
//! 3. The three are joined: `[{"slot":"user-local","bytes":"…"},…]`, where `bytes` is the canonical
//!    text as a JSON string.
//! 4. The digest is the SHA-256 of that.

mod canonical;
mod error;
mod string;

use std::path::{Path, PathBuf};

use agentslock_core::Digest;
use fsops::ReadFileError;
use sha2::{Digest as _, Sha256};

pub use self::error::{InputsError, InputsProblem, Slot};

/// The three files that a resolve is made from, each as bytes, or absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// `.agentsrc.json` of the person, in `$AGENTS_HOME`, else in `~/.agents`.
    pub user_local: Option<Vec<u8>>,
    /// `.agentsrc.local.json` of the repository, which is not committed.
    pub project_local: Option<Vec<u8>>,
    /// `.agentsrc.json` of the repository.
    pub repo_local: Option<Vec<u8>>,
}

impl Inputs {
    /// Reads the inputs of the repository at `repository`. The person's file is looked for in the
    /// directory that the environment variable `AGENTS_HOME` names, else in `.agents` in the home
    /// directory. A file that does not exist is absent. What is no regular file is not read.
    ///
    /// # Errors
    ///
    /// [`InputsError::Read`].
    pub fn read(repository: impl AsRef<Path>) -> Result<Self, InputsError> {
        Self::read_with(repository, agents_home().as_deref())
    }

    /// As [`read`](Self::read), with the person's file in `agents_home`; `None`: there is none.
    ///
    /// # Errors
    ///
    /// [`InputsError::Read`].
    pub fn read_with(
        repository: impl AsRef<Path>,
        agents_home: Option<&Path>,
    ) -> Result<Self, InputsError> {
        let read = |slot: Slot| {
            let Some(path) = slot.path(repository.as_ref(), agents_home) else { return Ok(None) };
            // Only regular files: a branch can bring a link to a FIFO, or to an endless device.
            match fsops::read(&path) {
                Ok(contents) => Ok(contents.bytes),
                // A link that leads nowhere is as good as none.
                Err(ReadFileError::DanglingLink { .. }) => Ok(None),
                Err(ReadFileError::Io { source, .. }) => {
                    Err(InputsError::Read { slot, path, source })
                }
                Err(error) => Err(InputsError::Read { slot, path, source: error.into() }),
            }
        };
        Ok(Self {
            user_local: read(Slot::UserLocal)?,
            project_local: read(Slot::ProjectLocal)?,
            repo_local: read(Slot::RepoLocal)?,
        })
    }

    /// The bytes in a slot; `None` if the file is absent.
    pub fn slot(&self, slot: Slot) -> Option<&[u8]> {
        match slot {
            Slot::UserLocal => self.user_local.as_deref(),
            Slot::ProjectLocal => self.project_local.as_deref(),
            Slot::RepoLocal => self.repo_local.as_deref(),
        }
    }

    /// The text whose SHA-256 is the digest: for finding out why two programs do not agree.
    ///
    /// # Errors
    ///
    /// [`InputsError::Malformed`].
    pub fn payload(&self) -> Result<String, InputsError> {
        let mut payload = String::from("[");
        for slot in Slot::ALL {
            let canonical = match self.slot(slot) {
                None => String::new(),
                Some(bytes) => {
                    canonical::canonical(bytes).map_err(|flaw| flaw.in_slot(slot, bytes))?
                }
            };
            let comma = if slot == Slot::ALL[0] { "" } else { "," };
            payload.extend([comma, "{\"slot\":\"", slot.as_str(), "\",\"bytes\":"]);
            string::push_quoted(&mut payload, &canonical);
            payload.push('}');
        }
        payload.push(']');
        Ok(payload)
    }
}

/// Where the person's own files are, as the environment says; `None` if it says nothing.
pub fn agents_home() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("AGENTS_HOME").map(PathBuf::from).or_else(|| {
        set(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
            .map(|home| Path::new(&home).join(".agents"))
    })
}

/// The digest of `inputs`, as the Go programs compute it.
///
/// Two files have the same share in it if they say the same: white space, the order of keys and
/// escapes do not count. Numbers count as they are spelled, and every field counts.
///
/// # Errors
///
/// [`InputsError::Malformed`], which names slot, line and column. A file must be one JSON value and
/// nothing else. No object in it may have a key twice.
///
/// ```
/// use agentslock_config::{Inputs, inputs_digest};
///
/// let inputs = Inputs { repo_local: Some(b"{}".to_vec()), ..Inputs::default() };
/// let spaced = Inputs { repo_local: Some(b" { } ".to_vec()), ..Inputs::default() };
/// assert_eq!(inputs_digest(&inputs)?, inputs_digest(&spaced)?);
/// assert_ne!(inputs_digest(&inputs)?, inputs_digest(&Inputs::default())?);
/// # Ok::<(), agentslock_config::InputsError>(())
/// ```
pub fn inputs_digest(inputs: &Inputs) -> Result<Digest, InputsError> {
    Ok(Digest::from_sha256(Sha256::digest(inputs.payload()?).into()))
}
