//! One representative of all states that differ only in the names of processes and inodes.
//!
//! Processes that run the same thing are interchangeable, and so are inode numbers. States are
//! hashed and compared by their representative; traces keep the names that they began with.

use crate::config::Config;
use crate::state::{INODES, Inode, NO_INODE, NONE, PROCESSES, Process, Record, State};

/// Where each process of a state stands in its representative.
pub(crate) type Places = [u8; PROCESSES];

impl Config {
    pub(crate) fn representative(&self, state: &State) -> (State, Places) {
        let mut order = [0, 1, 2, 3];
        let count = self.kinds.len();
        let keys = [0, 1, 2, 3].map(|p| self.key(state, p));
        // Insertion sort, within each kind; they stand one after the other.
        for end in 1..count {
            let mut at = end;
            while at > 0 && keys[usize::from(order[at])] < keys[usize::from(order[at - 1])] {
                order.swap(at, at - 1);
                at -= 1;
            }
        }
        let equal = |at: usize| keys[usize::from(order[at])] == keys[usize::from(order[at - 1])];
        let ties = [count > 1 && equal(1), count > 2 && equal(2), count > 3 && equal(3)];
        let mut best = renamed(state, order);
        if ties == [false; 3] {
            return best;
        }
        let mut code = best.0.code();
        for candidate in reorderings(order, ties) {
            let other = renamed(state, candidate);
            let other_code = other.0.code();
            if other_code < code {
                (best, code) = (other, other_code);
            }
        }
        best
    }

    /// What can be said of a process without naming any process or inode.
    fn key(&self, state: &State, p: u8) -> u64 {
        let Some(kind) = self.kinds.get(usize::from(p)) else { return u64::MAX };
        let process = state.process(p);
        let flag = |condition: bool, bit: u32| u64::from(condition) << bit;
        let inode = |slot: u8, bit: u32| match slot {
            NONE => 0,
            _ => {
                let inode = state.inode(slot);
                let record = match inode.record {
                    Record::None => 0,
                    Record::Empty(who) if who == p => 1,
                    Record::Full(who) if who == p => 2,
                    Record::Empty(_) => 3,
                    Record::Full(_) => 4,
                };
                let ages = u64::from(inode.age) | u64::from(inode.changed) << 2;
                (1 | record << 1 | u64::from(inode.sticky) << 4 | ages << 5) << bit
            }
        };
        (*kind as u64) << 60
            | (process.pc as u64) << 50
            | u64::from(process.took) << 48
            | (process.own_lock as u64) << 46
            | (process.seen_lock as u64) << 44
            | flag(process.own != NONE && process.own == state.lock, 43)
            | flag(process.seen != NONE && process.seen == state.lock, 42)
            | inode(process.own, 20)
            | inode(process.seen, 10)
            | (process.record_lock as u64) << 30
            | u64::from(process.left)
            | u64::from(process.saw.0) << 3
            | u64::from(process.saw.1) << 4
            | u64::from(process.stamp) << 6
            | flag(process.aside != NONE, 8)
            | flag(process.aside != NONE && process.aside == process.seen, 9)
    }
}

/// The other orders of the processes that leave those with different keys where they are.
fn reorderings(order: Places, ties: [bool; 3]) -> Vec<Places> {
    let mut all = vec![order];
    // Each tie is a swap of neighbours; together they generate all the orders within a group.
    let mut next = 0;
    while next < all.len() {
        for at in (0..3).filter(|at| ties[*at]) {
            let mut other = all[next];
            other.swap(at, at + 1);
            if !all.contains(&other) {
                all.push(other);
            }
        }
        next += 1;
    }
    all.remove(0);
    all
}

/// `state` with its processes in this order, and its inodes numbered as they are met.
fn renamed(state: &State, order: Places) -> (State, Places) {
    let mut places = [0; PROCESSES];
    for (place, p) in (0..).zip(order) {
        places[usize::from(p)] = place;
    }
    let mut naming =
        Naming { state, places, numbers: [NONE; INODES], met: 0, inodes: [NO_INODE; INODES] };
    let lock = naming.number(state.lock);
    let mut processes = state.processes;
    for (new, p) in processes.iter_mut().zip(order) {
        let process = state.process(p);
        let [own, seen, aside] =
            [process.own, process.seen, process.aside].map(|slot| naming.number(slot));
        *new = {
            let read = naming.place(process.read);
            Process { own, seen, aside, read, ..*process }
        };
    }
    // What nobody has open: leftovers. Told apart by what they are alone.
    let open = naming.met;
    for (slot, inode) in (0..).zip(&state.inodes) {
        if inode.exists {
            naming.number(slot);
        }
    }
    let leftovers = usize::from(open)..usize::from(naming.met);
    naming.inodes[leftovers].sort_unstable_by_key(|inode| inode.code());
    (State { lock, processes, inodes: naming.inodes, ..*state }, places)
}

/// New numbers for the inodes of a state, in the order in which they are asked for.
struct Naming<'a> {
    state: &'a State,
    places: Places,
    numbers: [u8; INODES],
    met: u8,
    inodes: [Inode; INODES],
}

impl Naming<'_> {
    /// Where a process stands now; whoever is none stays what it is.
    fn place(&self, who: u8) -> u8 {
        self.places.get(usize::from(who)).copied().unwrap_or(who)
    }

    fn number(&mut self, slot: u8) -> u8 {
        if slot == NONE {
            return NONE;
        }
        if self.numbers[usize::from(slot)] == NONE {
            self.numbers[usize::from(slot)] = self.met;
            let place = |who| self.place(who);
            let mut inode = *self.state.inode(slot);
            inode.record = match inode.record {
                Record::None => Record::None,
                Record::Empty(who) => Record::Empty(place(who)),
                Record::Full(who) => Record::Full(place(who)),
            };
            self.inodes[usize::from(self.met)] = inode;
            self.met += 1;
        }
        self.numbers[usize::from(slot)]
    }
}
