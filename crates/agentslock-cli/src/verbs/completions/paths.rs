//! The paths in a document that begin as what was typed.

use agentslock_core::Lockfile;

use crate::document::find;
use crate::document::path::{ValuePath, spelled};
use crate::document::value;
use crate::flags::Common;

/// Nothing, if there is no document: a person who is typing is not to be disturbed.
pub(super) fn beginning_with(prefix: &str, common: &Common) -> Vec<String> {
    let lockfile = find::at_once(common).and_then(|path| Lockfile::open(path).ok());
    let mut paths = lockfile.map_or_else(Vec::new, |lockfile| all(&lockfile, prefix));
    // What breaks the line cannot be typed in one.
    paths.retain(|path| path.starts_with(prefix) && !path.contains(char::is_control));
    paths
}

/// Those on the level at which what was typed ends.
fn all(lockfile: &Lockfile, prefix: &str) -> Vec<String> {
    let first = prefix.find(['.', '/']);
    let above = match first.map(|at| &prefix[at..=at]) {
        // Of a pointer, all but the key that is being typed. A slash in front begins one, too.
        Some("/") => prefix.rsplit_once('/').map(|(above, _)| above).filter(|it| !it.is_empty()),
        Some(_) => return entries(lockfile, prefix),
        None => None,
    };
    let Some(above) = above else {
        let mut names = lockfile.section_names();
        names.push("lock_version".to_owned());
        names.extend(lockfile.inputs_digest().map(|_| "inputs_digest".to_owned()));
        let typed_with_slash = prefix.starts_with('/');
        let spell = |name: String| match spelled(&name, &[]) {
            path if typed_with_slash && !path.starts_with('/') => format!("/{path}"),
            path => path,
        };
        return names.into_iter().map(spell).collect();
    };
    let Ok(at) = ValuePath::parse(above) else { return Vec::new() };
    let section = lockfile.top_level_raw(at.section()).unwrap_or_default();
    let found = value::find(&section, at.steps()).ok().and_then(value::keys).unwrap_or_default();
    let escaped = |key: String| key.replace('~', "~0").replace('/', "~1");
    found.into_iter().map(|key| format!("{above}/{}", escaped(key))).collect()
}

/// `SECTION.ENTRY`, as the entries' keys are spelled.
fn entries(lockfile: &Lockfile, prefix: &str) -> Vec<String> {
    let section = prefix.split_once('.').map_or(prefix, |(section, _)| section);
    let found = lockfile.top_level_raw(section).and_then(|section| value::keys(&section));
    found.unwrap_or_default().into_iter().map(|key| format!("{section}.{key}")).collect()
}
