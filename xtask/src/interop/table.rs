//! Runs the cases in each place for each way of claiming, and prints what came of them.

use super::cases::{CASES, Case};
use super::hold::Found;
use crate::outcome::Failure;
use filelock::testing::Way;
use testkit::Place;

/// Runs all cases in all places for all claims, and prints a row for each case. Returns what
/// failed.
pub(super) fn run(places: &[Place]) -> Vec<String> {
    // The cases wait more than they work, so they go side by side.
    let tables: Vec<_> = std::thread::scope(|scope| {
        let start = |place, way| {
            scope.spawn(move || CASES.map(|case: (&str, Case)| in_place(place, way, case)))
        };
        let started: Vec<_> =
            places.iter().map(|place| Way::ALL.map(|way| start(place, way))).collect();
        let columns = started.into_iter().map(|threads| {
            threads.map(|thread| thread.join().expect("because a case returns its failure"))
        });
        columns.collect()
    });
    let mut failed = Vec::new();
    for (place, columns) in places.iter().zip(&tables) {
        println!("\n{:5}  {:76} published   in-place    by-time", place.name(), "");
        for (row, (name, _)) in CASES.iter().enumerate() {
            print!("       {name:74}");
            for (way, column) in Way::ALL.iter().zip(columns) {
                let word = match &column[row] {
                    Ok(found) => found.word(),
                    Err(failure) => {
                        failed.push(format!("{}, {}, {name}: {failure}", place.name(), way.name()));
                        "FAILED".to_owned()
                    }
                };
                print!(" {word:>10}");
            }
            println!();
        }
    }
    failed
}

fn in_place(place: &Place, way: Way, (name, case): (&str, Case)) -> Result<Found, String> {
    let unique: String = name.chars().filter(char::is_ascii_alphabetic).collect();
    let directory = place.path().join(format!("{}-{unique}", way.name()));
    std::fs::create_dir(&directory)
        .map_err(Failure::from)
        .and_then(|()| case(&directory, way))
        .map_err(|failure| failure.to_string())
}
