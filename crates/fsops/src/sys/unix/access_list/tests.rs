//! No change to a list gives anybody a right, whoever they are and whichever groups they are in.

use proptest::prelude::*;

use super::*;

/// From here on, ids have no number in our user namespace.
const UNMAPPED: u32 = 4;
const IDS: u32 = 6;

/// A file as the kernel has it.
#[derive(Clone, Debug)]
struct File {
    user: u32,
    group: u32,
    list: AccessList,
}

impl File {
    /// Whether a process may do this, as acl(5) has it ("Access check algorithm").
    fn lets(&self, user: u32, groups: &[u32], request: u16) -> bool {
        let grants = |entry: &Entry, mask| entry.rights & mask & request == request;
        let of = |tag| self.list.entries.iter().filter(move |entry| entry.tag == tag);
        let mask = self.list.granted();
        if user == self.user {
            return of(OWNER).any(|entry| grants(entry, 7));
        }
        if let Some(entry) = of(USER).find(|entry| entry.id == user) {
            return grants(entry, mask);
        }
        let own = of(GROUP).filter(|_| groups.contains(&self.group));
        let mut groups =
            own.chain(of(NAMED_GROUP).filter(|entry| groups.contains(&entry.id))).peekable();
        if groups.peek().is_some() {
            groups.any(|entry| grants(entry, mask))
        } else {
            of(OTHERS).any(|entry| grants(entry, 7))
        }
    }
}

/// What the kernel shows us of a list.
fn shown(mut list: AccessList) -> AccessList {
    for entry in &mut list.entries {
        if entry.id >= UNMAPPED {
            entry.id = NOBODY;
        }
    }
    list
}

fn who(id: u32) -> Who {
    if id < UNMAPPED { Who::Known(id) } else { Who::Unmapped }
}

fn file() -> impl Strategy<Value = File> {
    let named = || proptest::collection::btree_map(0..IDS, 0..8_u16, 0..4);
    let ids = (0..IDS, 0..IDS);
    let rights = (0..8_u16, 0..8_u16, 0..8_u16, proptest::option::of(0..8_u16));
    (ids, rights, named(), named()).prop_map(|((user, group), rights, users, groups)| {
        let (owner, of_group, others, mask) = rights;
        let entry = |tag| move |(id, rights)| Entry { tag, rights, id };
        let mut entries = vec![Entry { tag: OWNER, rights: owner, id: NOBODY }];
        // The kernel wants a mask where there are names.
        let has_names = mask.is_some();
        entries.extend(users.into_iter().filter(|_| has_names).map(entry(USER)));
        entries.push(Entry { tag: GROUP, rights: of_group, id: NOBODY });
        entries.extend(groups.into_iter().filter(|_| has_names).map(entry(NAMED_GROUP)));
        entries.extend(mask.map(|rights| Entry { tag: MASK, rights, id: NOBODY }));
        entries.push(Entry { tag: OTHERS, rights: others, id: NOBODY });
        File { user, group, list: AccessList { entries } }
    })
}

fn assert_nobody_gains(before: &File, after: &File) -> Result<(), TestCaseError> {
    for user in (0..=IDS).filter(|user| ![before.user, after.user].contains(user)) {
        for groups in 0..1_u32 << IDS {
            let groups: Vec<_> = (0..IDS).filter(|group| groups >> group & 1 == 1).collect();
            for request in 1..8 {
                prop_assert!(
                    before.lets(user, &groups, request) || !after.lets(user, &groups, request),
                    "user {user} of {groups:?} gains {request}: {before:?} became {after:?}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn nobody_gains_a_right(before in file(), user in 0..IDS, group in 0..IDS) {
        let former = Former {
            user: (user != before.user).then(|| who(before.user)),
            group: (group != before.group).then(|| who(before.group)),
        };
        let list = shown(before.list.clone()).handed_over(former);
        let after = File { user, group, list };
        assert_nobody_gains(&before, &after)?;
        let tags: Vec<_> = after.list.entries.iter().map(|entry| entry.tag).collect();
        prop_assert!(tags.is_sorted(), "the kernel would refuse {:?}", after.list);

        let list = after.list.clone().without_names();
        prop_assert_eq!(list.entries.len(), 3);
        assert_nobody_gains(&before, &File { list, ..after })?;
    }

    #[test]
    fn what_the_list_can_name_keeps_what_it_had(mut before in file()) {
        prop_assume!(before.list.mask().is_some());
        // The old owner and group have a number, and no entry yet; nobody else lacks a number.
        let (user, group) = (before.user % UNMAPPED, before.group % UNMAPPED);
        (before.user, before.group) = (user, group);
        before.list.entries.retain(|entry| match entry.tag {
            USER => entry.id < UNMAPPED && entry.id != user,
            NAMED_GROUP => entry.id < UNMAPPED && entry.id != group,
            _ => true,
        });
        let (user, group) = (IDS + 1, IDS + 1);

        let former = Former { user: Some(who(before.user)), group: Some(who(before.group)) };
        let after = File { user, group, list: before.list.clone().handed_over(former) };
        for request in 1..8 {
            // Only the mask takes something from the old owner.
            if request & !before.list.granted() == 0 {
                let had = before.lets(before.user, &[], request);
                prop_assert_eq!(after.lets(before.user, &[], request), had);
            }
            let (others, had) = (IDS, before.lets(IDS, &[before.group], request));
            prop_assert_eq!(after.lets(others, &[before.group], request), had);
            prop_assert_eq!(after.lets(others, &[], request), before.lets(others, &[], request));
        }
    }

    #[test]
    fn with_the_same_owner_and_group_it_is_the_same(file in file()) {
        let bytes = file.list.to_bytes();
        prop_assert_eq!(AccessList::from_bytes(&bytes), Some(file.list.clone()));
        if shown(file.list.clone()) == file.list {
            prop_assert_eq!(file.list.clone().handed_over(Former::default()), file.list);
        }
    }

    #[test]
    fn bytes_that_are_no_list_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Some(list) = AccessList::from_bytes(&bytes) {
            prop_assert_eq!(list.to_bytes(), bytes);
        }
    }
}
