//! Which file names what of which.

use std::collections::{BTreeMap, BTreeSet};

/// From a file to those that it reads, with what it names of each.
#[derive(Default)]
pub(super) struct Graph(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Graph {
    /// `from` names `name`, which the file `to` defines.
    pub(super) fn add(&mut self, from: String, to: &str, name: &str) {
        if from != to {
            let names = self.0.entry(from).or_default().entry(to.to_owned()).or_default();
            names.insert(name.to_owned());
        }
    }

    /// How many files name something of another one.
    pub(super) fn files(&self) -> usize {
        self.0.len()
    }

    /// The sets of files of which each one leads to each other one.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let reached: BTreeMap<_, _> = self.0.keys().map(|file| (file, self.reach(file))).collect();
        let mut circles = Vec::new();
        let mut done = BTreeSet::new();
        for file in self.0.keys() {
            let leads_back =
                |other: &&String| reached.get(*other).is_some_and(|reached| reached.contains(file));
            let circle: Vec<_> = reached[file].iter().filter(leads_back).cloned().collect();
            if circle.contains(file) && done.insert(circle.clone()) {
                circles.push(circle);
            }
        }
        circles
    }

    /// A line for each pair of files in `circle`: who names what of whom.
    pub(super) fn ties(&self, circle: &[String]) -> Vec<String> {
        let mut lines = Vec::new();
        for from in circle {
            for (to, names) in &self.0[from] {
                if circle.contains(to) {
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    lines.push(format!("{from} names of {to}: {}", names.join(", ")));
                }
            }
        }
        lines
    }

    /// The files that `from` leads to, itself if it leads back.
    fn reach(&self, from: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(file) = open.pop() {
            for next in self.0.get(&file).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        reached
    }
}
