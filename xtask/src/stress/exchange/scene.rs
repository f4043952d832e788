//! The directories of one attack, and whether it succeeded.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::attacker::ATTACKER;
use super::verb::{ATTACKERS, Verb};
use crate::outcome::Outcome;
use crate::workspace::run;

const SECRET: &str = "# only root may read this\n";

/// The directories of one attack.
pub(super) struct Scene {
    verb: Verb,
    /// Removed when it is dropped.
    _directory: tempfile::TempDir,
    secret: PathBuf,
    pub(super) attackers: PathBuf,
    /// The attacker's own directory, whatever it is called.
    own: File,
    /// Of the secret file.
    inode: std::cell::Cell<u64>,
}

impl Scene {
    pub(super) fn set_up(verb: Verb, below: &Path) -> Outcome<Self> {
        let directory = tempfile::tempdir_in(below)?;
        for path in [directory.path(), below] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        let (secret, attackers) = (directory.path().join("secret"), directory.path().join("a"));
        let (d, e, f) = (attackers.join("d"), attackers.join("e"), attackers.join("f"));
        for path in [&secret, &attackers, &d, &e] {
            fs::create_dir(path)?;
        }
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o700))?;
        if verb == Verb::MergeInstall {
            run(Command::new("git").args(["init", "-q"]).current_dir(&d))?;
        }
        // If a log is created, both links lead to nothing. (One that leads to root's own directory
        // would be no attack: the path asks for a file there.)
        symlink(Path::new("../../secret").join(verb.file()), e.join(verb.file()))?;
        if verb == Verb::Append {
            fs::create_dir(&f)?;
            symlink(Path::new("../../secret").join(verb.file()), f.join(verb.file()))?;
        } else {
            symlink("../secret", &f)?;
        }
        for path in [&attackers, &d, &e] {
            chown(path, Some(ATTACKER), Some(ATTACKER))?;
        }
        let own = File::open(&d)?;
        let inode = std::cell::Cell::new(0);
        let scene = Self { verb, _directory: directory, secret, attackers, own, inode };
        scene.hide()?;
        Ok(scene)
    }

    pub(super) fn own_path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.own.as_raw_fd())
    }

    fn secret_file(&self) -> PathBuf {
        self.secret.join(self.verb.file())
    }

    /// Puts the secret where the attacker wants it replaced.
    fn hide(&self) -> Outcome {
        if self.verb == Verb::Append {
            return Ok(());
        }
        fs::write(self.secret_file(), SECRET)?;
        fs::set_permissions(self.secret_file(), fs::Permissions::from_mode(0o600))?;
        self.inode.set(fs::metadata(self.secret_file())?.ino());
        Ok(())
    }

    /// Puts the attacker's own file back.
    pub(super) fn bait(&self) -> Outcome {
        let file = Path::new(&self.own_path()).join(self.verb.file());
        match self.verb.bait() {
            Some(bait) => {
                fs::write(&file, bait)?;
                chown(&file, Some(ATTACKER), Some(ATTACKER))?;
            }
            None => {
                let _ = fs::remove_file(&file);
            }
        }
        Ok(())
    }

    /// Whether the attack succeeded. Then everything is put back.
    pub(super) fn is_hit(&self) -> Outcome<bool> {
        let file = self.secret_file();
        if self.verb == Verb::Append {
            let is_hit = fs::symlink_metadata(&file).is_ok();
            if is_hit {
                fs::remove_file(&file)?;
            }
            return Ok(is_hit);
        }
        let text = fs::read_to_string(&file)?;
        let is_same = text == SECRET && fs::metadata(&file)?.ino() == self.inode.get();
        if is_same {
            return Ok(false);
        }
        // Root was led to that directory, and added its own line to the file that it read there.
        let is_led = self.verb == Verb::MergeInstall
            && text.starts_with(SECRET)
            && !text.contains(ATTACKERS);
        fs::remove_file(&file)?;
        self.hide()?;
        Ok(!is_led)
    }
}
