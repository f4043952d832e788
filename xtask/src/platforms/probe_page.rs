//! What the probe found, as tables of `docs/platforms.md`.

use std::fmt::Write as _;

use crate::outcome::Outcome;
use crate::workspace;

const PAGE: &str = "docs/platforms.md";
const BEGIN: &str = "<!-- From here to the end mark: written by `cargo xtask probe --write`. -->";
const END: &str = "<!-- End of what the probe wrote. -->";

/// A fact, and what was found on each volume, in the order of the report.
#[derive(Debug, PartialEq)]
struct Fact<'a> {
    name: &'a str,
    what: &'a str,
    assumed: Option<&'a str>,
    found: Vec<(&'a str, &'a str)>,
}

/// Puts the reports of the probe into the page: each with its title, a table of its facts, and its
/// last line.
pub(super) fn write(reports: &[(&str, String)], not_run: &[String]) -> Outcome {
    let mut tables = String::new();
    for (title, report) in reports {
        write!(tables, "\n### {title}\n\n{}", table(&facts(report)))?;
        let sum = report.lines().rfind(|line| line.contains(" as assumed, "));
        match sum {
            Some(sum) => writeln!(tables, "\nIn all: {sum}.")?,
            None => writeln!(tables, "\nIt was ended before its end: the rest was not run.")?,
        }
    }
    for line in not_run {
        writeln!(tables, "\nNot run: {line}.")?;
    }
    let page = workspace::root().join(PAGE);
    let text = std::fs::read_to_string(&page)?;
    let marks =
        text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = marks.ok_or_else(|| format!("{PAGE} has no place for the tables"))?;
    std::fs::write(&page, format!("{before}{BEGIN}\n{tables}\n{END}{after}"))?;
    println!("written to {PAGE}");
    Ok(())
}

/// The facts of a report. A fact that several volumes have stands where it came first.
fn facts(report: &str) -> Vec<Fact<'_>> {
    let mut facts: Vec<Fact<'_>> = Vec::new();
    let mut place = "";
    for line in report.lines() {
        if let Some(next) = line.strip_prefix("== ") {
            place = next.rsplit(['/', '\\']).next().unwrap_or(next);
            continue;
        }
        let Some((name, rest)) = line.split_once(' ') else { continue };
        let Some((verdict, rest)) = rest.trim_start().split_once(' ') else { continue };
        let rest = rest.trim_start();
        let split = match verdict {
            "same" | "DIFFERS" => rest.split_once(": assumed ").and_then(|(fact, rest)| {
                let (assumed, found) = rest.rsplit_once("; found ")?;
                Some((fact, Some(assumed), found))
            }),
            "noted" => rest.split_once(": ").map(|(fact, found)| (fact, None, found)),
            _ => None,
        };
        let Some((fact, assumed, found)) = split else { continue };
        // A fact that a volume has twice belongs to what stands before it, each time another.
        let known = facts.iter_mut().find(|it| {
            (it.name, it.what) == (name, fact) && it.found.iter().all(|(at, _)| *at != place)
        });
        match known {
            Some(known) => known.found.push((place, found)),
            None => facts.push(Fact { name, what: fact, assumed, found: vec![(place, found)] }),
        }
    }
    facts
}

fn table(facts: &[Fact<'_>]) -> String {
    let mut text = String::from("| line | fact | assumed | found |\n|---|---|---|---|\n");
    for Fact { name, what, assumed, found } in facts {
        let assumed = assumed.unwrap_or("");
        let row = format!("| {name} | {what} | {assumed} | {} |\n", in_words(found));
        text.push_str(&row);
    }
    text
}

/// One word if all volumes agree, else what each has, those that agree together.
fn in_words(found: &[(&str, &str)]) -> String {
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for (place, found) in found {
        match kinds.iter_mut().find(|(known, _)| known == found) {
            Some((_, places)) => places.push(place),
            None => kinds.push((found, vec![place])),
        }
    }
    match &*kinds {
        [(found, _)] => (*found).to_owned(),
        _ => {
            let words =
                kinds.iter().map(|(found, places)| format!("{}: `{found}`", places.join(", ")));
            words.collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_volumes_agree_on_is_said_once() {
        let report = "\n== this system\nM7   NOT RUN  a boot: no\n\n== /tmp/x/ext4\n\
             M1   same     flock: assumed ok; found ok\nM2   DIFFERS  swap: assumed ok; found EINVAL\n\
             W9   noted    upper case: one file true, one lock: true\n\n== /tmp/x/xfs\n\
             M1   same     flock: assumed ok; found ok\nM2   same     swap: assumed ok; found ok\n\n\
             3 as assumed, 1 different, 1 noted, 1 not run, 0 volumes failed\n";
        assert_eq!(
            table(&facts(report)),
            "| line | fact | assumed | found |\n|---|---|---|---|\n\
             | M1 | flock | ok | ok |\n\
             | M2 | swap | ok | ext4: `EINVAL`; xfs: `ok` |\n\
             | W9 | upper case |  | one file true, one lock: true |\n"
        );
    }
}
