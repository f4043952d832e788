//! The table of what is swept.

use filelock::testing::Way;

use super::scenario::{Act, File, Lock, LockedAct, Scenario, System};

pub(super) const SCENARIOS: [Scenario; 52] = {
    use Act::{Append, LockAgain, Locked, Run, Set, Update};
    use File::{Missing, NoDirectory, Shared, There, Torn};
    use Lock::{Dead, Free, Held};
    use LockedAct::{AppendAll, AppendWith, Rewrite, Rotate, Transform};
    use System::{Leased, NoChmod, NoDirectorySync};
    const PUBLISHED: Act = Act::Lock(Way::Published);
    const IN_PLACE: Act = Act::Lock(Way::InPlace);
    const BY_TIME: Act = Act::Lock(Way::ByTime);
    const fn scenario(name: &'static str, act: Act, file: File, lock: Lock) -> Scenario {
        Scenario { name, act, file, lock, system: System::Usual }
    }
    const fn on(system: System, name: &'static str, act: Act, file: File) -> Scenario {
        Scenario { name, act, file, lock: Free, system }
    }
    [
        scenario("set", Set, There, Free),
        scenario("set, dead holder", Set, There, Dead),
        scenario("set, held", Set, There, Held),
        scenario("set, access lists", Set, Shared, Free),
        scenario("set, no document", Set, Missing, Free),
        scenario("set, no directory", Set, NoDirectory, Free),
        scenario("set, through a command", Update, There, Free),
        scenario("append", Append, There, Free),
        scenario("append, torn tail, dead holder", Append, Torn, Dead),
        scenario("append, new log", Append, Missing, Free),
        scenario("transform", Locked(Transform), There, Free),
        scenario("transform, no file", Locked(Transform), Missing, Free),
        scenario("transform, access lists", Locked(Transform), Shared, Free),
        scenario("transform, dead holder", Locked(Transform), There, Dead),
        scenario("transform, held", Locked(Transform), There, Held),
        scenario("append with", Locked(AppendWith), There, Free),
        scenario("append with, torn tail", Locked(AppendWith), Torn, Free),
        scenario("append with, new log", Locked(AppendWith), Missing, Free),
        scenario("append with, dead holder", Locked(AppendWith), There, Dead),
        scenario("append all", Locked(AppendAll), There, Free),
        scenario("append all, torn tail", Locked(AppendAll), Torn, Free),
        scenario("append all, new log", Locked(AppendAll), Missing, Free),
        scenario("rewrite", Locked(Rewrite), There, Free),
        scenario("rewrite, torn tail", Locked(Rewrite), Torn, Free),
        scenario("rewrite, dead holder", Locked(Rewrite), There, Dead),
        scenario("rotate", Locked(Rotate), There, Free),
        scenario("rotate, dead holder", Locked(Rotate), There, Dead),
        scenario("rotate, held", Locked(Rotate), There, Held),
        scenario("run", Run, There, Free),
        scenario("run, dead holder", Run, There, Dead),
        scenario("lock published", PUBLISHED, There, Free),
        scenario("lock published, dead holder", PUBLISHED, There, Dead),
        scenario("lock again", LockAgain, There, Free),
        scenario("lock again, dead holder", LockAgain, There, Dead),
        scenario("lock again, held", LockAgain, There, Held),
        scenario("lock in place", IN_PLACE, There, Free),
        scenario("lock in place, dead holder", IN_PLACE, There, Dead),
        scenario("lock in place, held", IN_PLACE, There, Held),
        scenario("lock by time", BY_TIME, There, Free),
        scenario("lock by time, expired holder", BY_TIME, There, Dead),
        scenario("lock by time, held", BY_TIME, There, Held),
        on(NoChmod, "set, no chmod", Set, There),
        on(NoChmod, "set, no document, no chmod", Set, Missing),
        on(NoChmod, "append, no chmod", Append, There),
        on(NoChmod, "lock in place, no chmod", IN_PLACE, There),
        on(NoDirectorySync, "set, no directory sync", Set, There),
        on(NoDirectorySync, "append, new log, no directory sync", Append, Missing),
        on(NoDirectorySync, "rotate, no directory sync", Locked(Rotate), There),
        on(Leased, "set, leased", Set, There),
        on(Leased, "transform, leased", Locked(Transform), There),
        on(Leased, "append, leased", Append, There),
        on(Leased, "append with, leased", Locked(AppendWith), There),
    ]
};
