//! What a verb of the program takes, from start to end.

use super::page::{Page, Table, ratio, time};
use crate::outcome::Outcome;
use crate::workload::startup::{Scene, Startups};
use crate::workspace::built;
use testkit::Place;

const ROUNDS: u32 = 200;

pub(super) fn run(page: &mut Page, _: &[Place]) -> Outcome {
    let scene = Scene::new()?;
    let flock = scene.flock();
    let beside =
        if flock.is_some() { "`flock FILE true`" } else { "`true`: there is no `flock` here" };
    page.section(
        "Start-up",
        &format!(
            "A process of the program as it is handed out, from start to end. Each verb does the \
             least that it can do, on a document of 2 KB in memory. `run` runs `true`, and `edit` \
             runs `cat`. `doctor` runs git. Medians; the ratio is to {beside}."
        ),
    );
    let mut programs: Vec<_> = flock.into_iter().collect();
    programs.push(scene.nothing());
    programs.extend(scene.verbs(&built("dist")?, |_| true));
    let mut startups = Startups::new(programs);
    startups.run(ROUNDS)?;
    let first = startups.all()[0].median().as_secs_f64();
    let mut table = Table::new(&["", "from start to end", "ratio"]);
    for startup in startups.all() {
        let seconds = startup.median().as_secs_f64();
        let name = match startup.name {
            "flock" => "`flock FILE true`".to_owned(),
            "true" => "`true`".to_owned(),
            verb => format!("`agentslock {verb}`"),
        };
        table.row([name, time(seconds), ratio(seconds / first)]);
    }
    page.table(&table);
    Ok(())
}
