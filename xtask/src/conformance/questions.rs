//! What the kit asks of names, of records, and of what stands at a lock's name.

use serde_json::{Value, json};

use super::scene::{directory, fifo, file, link};

pub(super) const NAMES: [&str; 15] = [
    "/a/b.json",
    "/a/b",
    "/a/.b",
    "/a/b.lock",
    "/a/b.",
    "/a/b c\n",
    "/a/./b/",
    "/a//b/.",
    "/a/../b",
    "/a/b/..",
    "/a/..",
    "/",
    "",
    ".",
    "/a/b\0c",
];

pub(super) const RECORDS: [&str; 32] = [
    // Complete ones, from the first two lines to all of them.
    "17\n1700000000123456789\n",
    "17\n1700000000123456789",
    "17\n1700000000123456789\ntoken",
    "17\n1700000000123456789\ntoken\nflock boot\n",
    "17\n1700000000123456789\ntoken\nflock -\n",
    "17\n1700000000123456789\ntoken\nflock boot\nprivate 00c0ffee00c0ffee\n",
    "17\n1700000000123456789\ntoken\nflock boot\nsince 1700000000123456780\nhost build-7\n\
     machine 00c0ffee00c0ffee\npidns 4026531836\nstart 12345\n\
     dir 0000000000000801:000000000000002a\ndev 000000002fabc001\nflocked holder\nlabel set units\n",
    // In another order, with what nobody knows.
    "17\n1700000000123456789\ntoken\nflock boot\nlabel x\ncolour red\nhost a\n\nstart 7\n",
    "17\n1700000000123456789\ntoken\nflock boot\nstart 7\nstart 8\n",
    "17\n1700000000123456789\ntoken\nhello\nstart 7\n",
    // Lines that do not count.
    "17\n1700000000123456789\ntoken\nflock bo",
    "17\n1700000000123456789\ntoken\nflock boot\nhost a\nstart 7",
    "17\n1700000000123456789\ntoken\nflock boot\nhost a\nprivate 00c0ffee00c0ffee\n",
    "17\n1700000000123456789\ntoken\nflock boot\nprivate 00c0ffee\n",
    "17\n1700000000123456789\ntoken\nflock boot\nprivate ../../etc/passwd\n",
    "17\n1700000000123456789\ntoken\nflock boot\nsince 12\npidns -1\ndir 1:2\ndev 7\nflocked x\n",
    // Numbers.
    "4294967295\n9223372036854775807\n",
    "017\n1700000000123456789\n",
    "17\n5\n",
    "0\n1700000000123456789\n",
    "4294967296\n1700000000123456789\n",
    "17\n9223372036854775808\n",
    "-1\n1700000000123456789\n",
    " 17\n1700000000123456789\n",
    "17\n+700000000123456789\n",
    "17\r\n1700000000123456789\r\n",
    // No records, or not yet.
    "",
    "\n",
    "17",
    "17\n",
    "17\n170000000012345678",
    "17\n1700000000123456789\n\u{ff}\u{fe}\n",
];

/// A record of nobody's; the lines after the second one are to follow.
fn record(age: i64) -> String {
    format!("4000000000\n{{now{:+}}}\n", -age)
}

/// One of the present protocol; more lines are to follow.
fn vouched(age: i64) -> String {
    record(age) + "token\nflock {kernel}\n"
}

/// The directory of a lock that was published, and its record.
fn published(record: &str) -> Vec<Value> {
    vec![directory("T.lock", "1711", 0), file("T.lock/holder", 0, record)]
}

/// The same, with both `flock`s held.
fn held(record: &str) -> Vec<Value> {
    published(record).into_iter().map(flocked).collect()
}

fn flocked(mut entry: Value) -> Value {
    entry["flock"] = json!("exclusive");
    entry
}

/// A directory as the Go generations make it, with a record of this content.
fn foreign(age: i64, record: &str) -> Vec<Value> {
    vec![directory("T.lock", "0755", age), file("T.lock/holder", age, record)]
}

fn empty(mode: &str, age: i64) -> Vec<Value> {
    vec![directory("T.lock", mode, age)]
}

fn and(mut tree: Vec<Value>, more: impl IntoIterator<Item = Value>) -> Vec<Value> {
    tree.extend(more);
    tree
}

#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn occupants() -> Vec<Value> {
    const FACTS: &str = "dir {dir}\nflocked holder\n";
    let whole = |age| vouched(age) + FACTS;
    let other_boot = |rest: &str| record(0) + "token\nflock another-boot\n" + rest;
    let rows: Vec<(&str, Vec<Value>)> = vec![
        ("nothing", vec![]),
        // The kernel's word.
        ("a holder that runs", held(&whole(0))),
        ("a holder that runs, and has not renewed", held(&whole(3600))),
        ("a holder that runs, in its own words on another kernel", held(&other_boot(FACTS))),
        ("a holder that died", published(&whole(0))),
        ("a holder that died long ago", published(&whole(3600))),
        ("a holder that died, of an older build: no `dir`", published(&vouched(0))),
        (
            "a holder of an older build that runs",
            vec![flocked(directory("T.lock", "1711", 0)), file("T.lock/holder", 0, &vouched(3600))],
        ),
        ("no proof: another directory", published(&(vouched(0) + "dir {other inode}\n"))),
        (
            "no proof: another device, in this boot",
            published(&(vouched(0) + "dir {other device}\n")),
        ),
        (
            "no proof: another directory, long ago",
            published(&(vouched(60) + "dir {other inode}\n")),
        ),
        ("another boot, of a machine that is not named", published(&other_boot(FACTS))),
        ("another boot, of this machine", published(&other_boot("machine {machine}\ndir {dir}\n"))),
        (
            "another boot, of this machine, without `dir`",
            published(&other_boot("machine {machine}\n")),
        ),
        (
            "another boot, of this machine, the device numbered again",
            published(&other_boot("machine {machine}\ndir {other device}\n")),
        ),
        (
            "another boot, of another machine",
            published(&other_boot("machine 0000000000000000\ndir {dir}\n")),
        ),
        ("a kernel without a name", published(&(record(0) + "token\nflock -\n"))),
        ("a `flock` line that is cut short", published(&(record(0) + "token\nflock {kernel}"))),
        // The clock's word.
        ("a foreign holder", foreign(0, &record(20))),
        ("a foreign holder with a token", foreign(0, &(record(20) + "0123abcd\n"))),
        ("a foreign holder that has expired", foreign(0, &record(60))),
        (
            "a foreign holder that has expired, with a token",
            foreign(0, &(record(60) + "0123abcd\n")),
        ),
        (
            "a foreign holder that has expired, its `flock` refused",
            foreign(0, &record(60)).into_iter().map(flocked).collect(),
        ),
        ("a record that is younger than its directory", foreign(3600, &record(0))),
        ("a clock that is ahead", foreign(3600, &record(-20))),
        ("a time that cannot be, in a young directory", foreign(0, &record(-3600))),
        ("a time that cannot be, in an old directory", foreign(60, &record(-3600))),
        ("a time of zero", foreign(0, "17\n0000000000000000000\n")),
        ("something else as its record, young", foreign(20, "hello\n")),
        ("something else as its record, old", foreign(60, "hello\n")),
        ("an empty record, young", foreign(20, "")),
        ("an empty record, old", foreign(60, "")),
        ("a link as its record, old", vec![link("T.lock/holder"), directory("T.lock", "0755", 60)]),
        (
            "a FIFO as its record, young",
            vec![fifo("T.lock/holder"), directory("T.lock", "0755", 20)],
        ),
        // Directories without a record.
        ("a claim in the making", empty("0711", 0)),
        ("a claim in the making, over the grace", empty("0711", 10)),
        (
            "a claim in the making, over the grace, its `flock` refused",
            empty("0711", 10).into_iter().map(flocked).collect(),
        ),
        ("another program's empty directory", empty("0755", 20)),
        ("another program's empty directory, over the TTL", empty("0755", 60)),
        ("an empty directory from the future", empty("0711", -3600)),
        ("a remnant", empty("1711", 1)),
        ("a remnant, old", empty("1711", 60)),
        (
            "a remnant whose owner has been about to remove it for long",
            empty("1711", 60).into_iter().map(flocked).collect(),
        ),
        // Strangers' entries.
        (
            "a dead lock with a stranger's entry",
            and(published(&whole(0)), [file("T.lock/notes.txt", 0, "")]),
        ),
        (
            "an empty directory with a stranger's entry",
            and(vec![file("T.lock/notes.txt", 0, "")], empty("0755", 60)),
        ),
        (
            "a remnant with a stranger's entry",
            and(vec![file("T.lock/notes.txt", 0, "")], empty("1711", 1)),
        ),
        (
            "a dead lock with a removed record that is open somewhere",
            and(vec![file("T.lock/.nfs0001", 0, "")], published(&whole(0))),
        ),
        // Files.
        ("a lock of the file generation", vec![file("T.lock", 0, &record(20))]),
        ("a lock of the file generation that has expired", vec![file("T.lock", 0, &record(60))]),
        (
            "a lock of the file generation that has expired, its `flock` refused",
            vec![flocked(file("T.lock", 0, &record(60)))],
        ),
        ("a lock file whose time cannot be", vec![file("T.lock", 0, &record(-3600))]),
        (
            "a lock file whose time cannot be, over the grace",
            vec![file("T.lock", 10, &record(-3600))],
        ),
        ("an empty file", vec![file("T.lock", 3600, "")]),
        ("an empty file whose `flock` is refused", vec![flocked(file("T.lock", 3600, ""))]),
        ("a file of another program", vec![file("T.lock", 3600, "[[package]]\n")]),
        ("a link to a directory", vec![directory("elsewhere", "0755", 60), link("T.lock")]),
        ("a FIFO", vec![fifo("T.lock")]),
        // Left-overs, swept by the process that found a dead holder.
        ("left-overs beside a dead lock", and(published(&whole(0)), left_overs())),
        ("left-overs beside a holder that runs", and(held(&whole(0)), left_overs())),
        ("left-overs beside nothing", left_overs()),
    ];
    rows.into_iter().map(|(name, tree)| json!({"name": name, "tree": tree})).collect()
}

fn left_overs() -> Vec<Value> {
    let prepared =
        |digit: &str, age| directory(&format!("T.lock.prep-000000000000000{digit}"), "1711", age);
    let holder =
        |digit: &str| file(&format!("T.lock.prep-000000000000000{digit}/holder"), 0, &vouched(0));
    vec![
        holder("1"),
        prepared("1", 60),
        directory("T.lock.prep-0000000000000002", "0700", 60),
        // Young, or flocked: perhaps of a process that lives.
        directory("T.lock.prep-0000000000000003", "0700", 0),
        holder("4"),
        flocked(prepared("4", 60)),
        file("T.lock.prep-0000000000000005", 60, ""),
        file("T.lock.prep-0000000000000006", 20, ""),
        flocked(file("T.lock.prep-0000000000000007", 60, "")),
        // Ready to be published: nobody is about to ask for its `flock`.
        holder("8"),
        prepared("8", 0),
        // Other names.
        directory("T.lock.prep-notes", "0755", 3600),
        directory("T.lock.stale-17-1700000000123456789", "0755", 3600),
        directory("X.lock.prep-0000000000000001", "0755", 3600),
        directory("T.lock.prep-00000000000000001", "0755", 3600),
    ]
}
