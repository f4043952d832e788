//! Where tasks run: on the disk, and in memory where there is a tmpfs.

use std::path::Path;

use testkit::Place;

use crate::outcome::Outcome;

/// A directory on the disk (below cargo's target directory), and one on a tmpfs if `/dev/shm` is
/// there; or only one below `given`.
pub(crate) fn places(given: Option<&Path>) -> Outcome<Vec<Place>> {
    if let Some(given) = given {
        return Ok(vec![Place::below("given", given)?]);
    }
    let disk = crate::workspace::target()?.join("xtask");
    std::fs::create_dir_all(&disk)?;
    let mut places = Vec::new();
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        places.push(Place::below("tmpfs", memory)?);
    }
    places.push(Place::below("disk", &disk)?);
    Ok(places)
}

/// Runs `task` in each of the places that `given` leads to, with their names. An error if
/// what it checks did not hold in all of them.
pub(crate) fn in_each(
    given: Option<&Path>,
    mut task: impl FnMut(&str, &Path) -> Outcome<bool>,
) -> Outcome {
    let mut held = true;
    for place in places(given)? {
        held &= task(place.name(), place.path())?;
    }
    if held { Ok(()) } else { Err("what was to hold did not".into()) }
}
