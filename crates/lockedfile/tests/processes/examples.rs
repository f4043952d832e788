//! The examples, with several processes at the same time.

use std::collections::BTreeSet;
use std::fs;

use testkit::ChildTest;

#[path = "../../examples/audit_log.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod audit_log;
#[path = "../../examples/gitignore_block.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod gitignore_block;
#[path = "../../examples/task_board.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod task_board;
#[path = "../../examples/two_boards.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod two_boards;

const PROCESSES: usize = 10;

/// Runs `child` in ten processes on one file, and returns what is beside that file in the end.
fn ten(child: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("because there is room");
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            ChildTest::new(module_path!(), child)
                .var("FILE", directory.path().join("file"))
                .var("NUMBER", number.to_string())
                .spawn()
        })
        .collect();
    for child in children {
        child.succeed();
    }
    directory
}

#[test]
fn child_adds_and_takes_tasks() {
    let Some(parent) = testkit::parent() else { return };
    let (board, number) = (parent.path("FILE"), parent.number("NUMBER"));
    for task in 0..5 {
        task_board::add(&board, &format!("task {number}-{task}")).unwrap();
        let taken = task_board::take(&board, &format!("agent {number}")).unwrap();
        // There is one, for each has added one before.
        assert!(taken.is_some());
    }
}

#[test]
fn ten_processes_on_one_board_take_each_task_once() {
    let directory = ten("child_adds_and_takes_tasks");
    let text = fs::read_to_string(directory.path().join("file")).unwrap();
    let board = yaml_rust2::YamlLoader::load_from_str(&text).unwrap();
    let tasks = board[0].as_vec().unwrap();
    let titles: BTreeSet<_> = tasks.iter().map(|task| task["title"].as_str().unwrap()).collect();
    assert_eq!((tasks.len(), titles.len()), (50, 50));
    for number in 0..PROCESSES {
        let by = format!("taken by agent {number}");
        let taken = tasks.iter().filter(|task| task["state"].as_str() == Some(&*by));
        assert_eq!(taken.count(), 5, "{by}");
    }
}

#[test]
fn a_board_that_is_none_is_an_error_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let board = directory.path().join("board");
    for text in ["title: no list\n", "[unclosed\n"] {
        fs::write(&board, text).unwrap();
        task_board::add(&board, "x").unwrap_err();
        assert_eq!(fs::read_to_string(&board).unwrap(), text);
    }
}

#[test]
fn child_keeps_its_block() {
    let Some(parent) = testkit::parent() else { return };
    let number = parent.number("NUMBER");
    for round in 0..5 {
        let lines: Vec<_> = (0..=round).map(|line| format!("*.{number}-{line}")).collect();
        let owner = format!("tool-{number}");
        gitignore_block::keep_block(&parent.path("FILE"), &owner, &lines).unwrap();
    }
}

#[test]
fn ten_programs_keep_their_blocks_in_one_gitignore() {
    let directory = ten("child_keeps_its_block");
    let text = fs::read_to_string(directory.path().join("file")).unwrap();
    assert_eq!(text.lines().count(), PROCESSES * 7);
    for number in 0..PROCESSES {
        let lines: Vec<_> = (0..5).map(|line| format!("*.{number}-{line}")).collect();
        let lines = lines.join("\n");
        let block = format!("# BEGIN tool-{number}\n{lines}\n# END tool-{number}\n");
        assert!(text.contains(&block), "{text}");
    }
}

#[test]
fn the_users_lines_stay_and_a_block_without_an_end_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(".gitignore");
    fs::write(&file, "target\n# BEGIN me\nold\n# END me\n!target/keep").unwrap();
    let keep = || gitignore_block::keep_block(&file, "me", &["new".to_owned()]);
    keep().unwrap();
    let expected = "target\n# BEGIN me\nnew\n# END me\n!target/keep\n";
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    assert_eq!(keep().unwrap(), lockedfile::Done::Unchanged);
    fs::write(&file, "# BEGIN me\nold\n").unwrap();
    assert_eq!(keep().unwrap_err().to_string(), "the block has no end: repair it");
    assert_eq!(fs::read_to_string(&file).unwrap(), "# BEGIN me\nold\n");
}

#[test]
fn child_audits() {
    let Some(parent) = testkit::parent() else { return };
    let number = parent.number("NUMBER");
    for event in 0..10 {
        audit_log::add(&parent.path("FILE"), &format!("{number}-{event}"), 1000).unwrap();
    }
}

#[test]
fn ten_processes_write_one_chain_across_rotations() {
    let directory = ten("child_audits");
    let log = directory.path().join("file");
    assert_eq!(audit_log::verify(&log).unwrap(), 100);
    assert!(testkit::names(directory.path()).len() > 5, "it was not rotated");
    let archive = directory.path().join("file.2");
    let changed = fs::read_to_string(&archive).unwrap().replacen("event", "tneve", 1);
    fs::write(&archive, changed).unwrap();
    assert!(audit_log::verify(&log).unwrap_err().to_string().contains("the chain breaks"));
}

#[test]
fn child_moves_tasks() {
    let Some(parent) = testkit::parent() else { return };
    let one = parent.path("FILE");
    let other = one.with_extension("other");
    // Half of the processes the one way, half the other.
    let (from, to) = if parent.number("NUMBER") % 2 == 0 { (&one, &other) } else { (&other, &one) };
    for _ in 0..20 {
        two_boards::move_first(from, to).unwrap();
    }
}

#[test]
fn two_boards_in_opposite_orders_lose_no_task_and_do_not_dead_lock() {
    let directory = tempfile::tempdir().unwrap();
    let one = directory.path().join("file");
    let all: Vec<_> = (0..40).map(|task| format!("task {task:02}")).collect();
    fs::write(&one, all[..20].join("\n") + "\n").unwrap();
    fs::write(one.with_extension("other"), all[20..].join("\n") + "\n").unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            ChildTest::new(module_path!(), "child_moves_tasks")
                .var("FILE", &one)
                .var("NUMBER", number.to_string())
                .spawn()
        })
        .collect();
    for child in children {
        child.succeed();
    }
    let both = fs::read_to_string(&one).unwrap()
        + &fs::read_to_string(one.with_extension("other")).unwrap();
    let mut found: Vec<_> = both.lines().collect();
    found.sort_unstable();
    assert_eq!(found, all);
}
