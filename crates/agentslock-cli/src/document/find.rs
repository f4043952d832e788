//! Which document a verb is about.

use std::path::{Path, PathBuf};

use crate::flags::Common;
use crate::io::failure::{Failure, NO, TROUBLE};

const DOCUMENT: &str = ".agentsrc.lock";
const DECLARATION: &str = ".agentsrc.json";

/// The document that is to be read.
pub(crate) fn to_read(common: &Common) -> Result<PathBuf, Failure> {
    match &common.file {
        Some(path) => Ok(path.clone()),
        None => upward(DOCUMENT)?
            .ok_or_else(|| Failure::new(NO, "absent", format!("no {DOCUMENT} here or above"))),
    }
}

/// The document that is to be written. A repository that has none yet gets it beside the
/// declaration that it belongs to, even if another one around it has a document; elsewhere it must
/// be named.
pub(crate) fn to_write(common: &Common) -> Result<PathBuf, Failure> {
    if let Some(path) = &common.file {
        return Ok(path.clone());
    }
    let (document, declaration) = (upward(DOCUMENT)?, upward(DECLARATION)?);
    // Of two files on the way up, the one with the longer path is the nearer.
    let depth = |path: &PathBuf| path.components().count();
    match (document, declaration) {
        (Some(document), Some(declaration)) if depth(&declaration) > depth(&document) => {
            Ok(declaration.with_file_name(DOCUMENT))
        }
        (Some(document), _) => Ok(document),
        (None, Some(declaration)) => Ok(declaration.with_file_name(DOCUMENT)),
        (None, None) => Err(Failure::new(
            TROUBLE,
            "absent",
            format!("neither {DOCUMENT} nor {DECLARATION} here or above; name one with --file"),
        )),
    }
}

/// The nearest file `name` in this directory or one above. A dangling link counts: it is for the
/// verb to say what is wrong with it.
fn upward(name: &str) -> Result<Option<PathBuf>, Failure> {
    let here = std::env::current_dir()
        .map_err(|error| Failure::io("failed to find the current directory", &error))?;
    let found = here.ancestors().map(|directory| directory.join(name));
    Ok(found.into_iter().find(|path: &PathBuf| exists(path)))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
