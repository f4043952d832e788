//! Circles: no files of one crate import each other in a loop.
//!
//! A file that can be read without the files that read it can be understood alone. What counts is
//! what a file names of another one of its crate: in `use`, in paths, in macros. A name leads to
//! the file that defines it, through all files that pass it on. Passing a name on (`pub use`) needs
//! no reading, and neither does `mod name;`. Tests inside of sources (`#[cfg(test)]`) may name what
//! they like.

mod graph;
mod modules;
mod names;
mod paths;

use std::path::Path;

use clap::Args;

use crate::outcome::Outcome;
use crate::workspace::root;
use graph::Graph;

/// Find files of one crate that import each other in a loop; fail if there are any.
#[derive(Args)]
pub(crate) struct Circles {}

impl Circles {
    pub(crate) fn run(self) -> Outcome {
        let Self {} = self;
        let (mut wrong, mut files) = (0, 0);
        for member in members()? {
            let name = member.file_name().unwrap_or_default().to_string_lossy().into_owned();
            for start in ["lib.rs", "main.rs"] {
                let start = member.join("src").join(start);
                if !start.is_file() {
                    continue;
                }
                let graph = graph_of(&start)?;
                files += graph.files();
                for circle in graph.circles() {
                    wrong += 1;
                    println!("{name}: these files import each other in a loop:");
                    for line in graph.ties(&circle) {
                        println!("  {line}");
                    }
                }
            }
        }
        println!("circles: {wrong}, among {files} files that name something of another one");
        if wrong == 0 { Ok(()) } else { Err(format!("{wrong} circles of files").into()) }
    }
}

/// The directories of the workspace's crates.
fn members() -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut members = vec![root().join("xtask")];
    for entry in std::fs::read_dir(root().join("crates"))? {
        members.push(entry?.path());
    }
    members.sort();
    Ok(members)
}

/// Who names what of whom, in the crate that begins with the file `start`.
fn graph_of(start: &Path) -> Outcome<Graph> {
    let tree = modules::Tree::read(start)?;
    let mut graph = Graph::default();
    for module in 0..tree.modules.len() {
        for (path, is_passed_on) in paths::paths_in(&tree.modules[module]) {
            if is_passed_on {
                continue;
            }
            if let Some((file, name)) = names::definition(&tree, module, &path) {
                graph.add(tree.shown(module), &file, &name);
            }
        }
    }
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a crate with these files, each as the files that are in it.
    fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let (graph, _directory) = graph(files);
        graph.circles()
    }

    fn graph(files: &[(&str, &str)]) -> (Graph, tempfile::TempDir) {
        let directory = tempfile::tempdir().expect("because temporary files can be created");
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().expect("because it lies in a directory"))
                .and_then(|()| std::fs::write(path, text))
                .expect("because files can be written");
        }
        let graph = graph_of(&directory.path().join("lib.rs"));
        (graph.expect("because the sources are valid"), directory)
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle_with_the_names_that_tie_them() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use super::a::A; pub struct B;"),
        ];
        let (graph, _directory) = graph(&files);
        let circles = graph.circles();
        assert_eq!(circles, [["a.rs", "b.rs"]]);
        let ties = graph.ties(&circles[0]);
        assert_eq!(ties, ["a.rs names of b.rs: B", "b.rs names of a.rs: A"]);
    }

    #[test]
    fn a_circle_of_three_is_found_and_one_way_is_none() {
        let mut files = vec![
            ("lib.rs", "mod a; mod b; mod c; fn f() { a::f() }"),
            ("a.rs", "pub fn f() { crate::b::f() }"),
            ("b.rs", "use crate::c; pub fn f() { c::f() }"),
            ("c.rs", "pub fn f() {}"),
        ];
        assert!(circles(&files).is_empty());
        files[3].1 = "pub fn f() { println!(\"{}\", super::a::f()) }";
        assert_eq!(circles(&files), [["a.rs", "b.rs", "c.rs"]]);
    }

    #[test]
    fn a_parent_that_works_with_its_child_and_is_read_by_it_is_a_circle() {
        let mut files = vec![
            ("lib.rs", "mod room;"),
            ("room/mod.rs", "mod child; pub struct Shared; pub fn f() { child::f() }"),
            ("room/child.rs", "use super::Shared; pub fn f() { let _ = Shared; }"),
        ];
        assert_eq!(circles(&files), [["room/child.rs", "room/mod.rs"]]);
        files[1].1 = "mod child; pub struct Shared; pub use child::f;";
        assert!(circles(&files).is_empty(), "passing a name on needs no reading");
    }

    #[test]
    fn a_name_leads_through_the_file_that_passes_it_on_to_the_one_that_defines_it() {
        let mut files = vec![
            ("lib.rs", "mod room; mod out;"),
            ("room/mod.rs", "mod child; pub use child::*;"),
            ("room/child.rs", "use crate::out::out; pub struct Child;"),
            ("out.rs", "use crate::room::Child; pub fn out() {}"),
        ];
        assert_eq!(circles(&files), [["out.rs", "room/child.rs"]]);
        files[3].1 = "pub fn out() {}";
        assert!(circles(&files).is_empty());
    }

    #[test]
    fn tests_inside_of_sources_may_name_what_they_like() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        ];
        assert!(circles(&files).is_empty());
    }
}
