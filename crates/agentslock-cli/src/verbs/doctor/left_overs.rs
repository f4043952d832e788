//! The names of what killed writers of a file left beside it.

use std::collections::BTreeSet;
use std::path::Path;

use super::directory_of;

/// What stands between a file's name and the unique part of a left-over's.
const LEFT_OVERS: [&str; 3] = [".tmp-", ".lock.prep-", ".lock.stale-"];

/// How many bytes a name can have that stands as a whole in its temporaries' names.
const LONGEST_WHOLE: usize = 238;

/// Sorted, and each once, under our spelling. None if the directory cannot be read.
pub(super) fn names(path: &Path) -> Vec<String> {
    let (Some(name), Ok(entries)) = (path.file_name(), std::fs::read_dir(directory_of(path)))
    else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let left_overs: BTreeSet<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter_map(|entry| left_over(path, &name, entry))
        .collect();
    left_overs.into_iter().collect()
}

/// How we spell `entry`, if a writer of `path`, a file called `name`, left it.
///
/// A volume can list a name in another spelling, or letter case, than ours, and answer to both. So
/// what ends as a left-over does is looked for under our spelling. Elsewhere another file's
/// left-over leads to a name at which there is nothing.
fn left_over(path: &Path, name: &str, entry: String) -> Option<String> {
    let is_shared =
        entry.strip_prefix(".fsops-").is_some_and(|rest| rest.strip_suffix(".tmp").is_some());
    let is_own = entry
        .strip_prefix(name)
        .is_some_and(|rest| LEFT_OVERS.iter().any(|infix| rest.starts_with(infix)));
    if is_shared || is_own || is_shortened(name, &entry) {
        return Some(entry);
    }
    let ending = LEFT_OVERS.iter().filter_map(|infix| entry.rfind(infix)).max()?;
    let own = format!("{name}{}", &entry[ending..]);
    path.with_file_name(&own).symlink_metadata().is_ok().then_some(own)
}

/// Whether `entry` is a temporary whose own name would have been too long with `name` as a whole:
/// `<beginning>~<number>.tmp-<unique>`.
fn is_shortened(name: &str, entry: &str) -> bool {
    let stub = entry.rsplit_once(LEFT_OVERS[0]).and_then(|(stub, _)| stub.rsplit_once('~'));
    stub.is_some_and(|(beginning, number)| {
        name.len() > LONGEST_WHOLE && number.len() == 16 && name.starts_with(beginning)
    })
}
