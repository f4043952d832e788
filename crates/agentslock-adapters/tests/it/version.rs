//! Documents of a later format.

use agentslock_adapters::{Build, ChangeError, FlushError, Presence};

use crate::support::{Lab, activation, at, digest, kuzu, said};

#[test]
fn a_later_format_is_read_and_not_written() {
    let views = [("a", "ready"), ("b", "pending-recompat-check"), ("c", "pending-rebuild")];
    let text = kuzu(&views).replacen('{', "{\"lock_version\":2,", 1);
    let lab = Lab::with(&text);
    let kuzu = lab.adapter("kuzu");
    assert_eq!(kuzu.entry().unwrap().unwrap().materialized_views.len(), 3);
    assert_eq!(lab.lock.adapters().unwrap().len(), 2);
    assert!(lab.lock.activation_blockers("crg").unwrap().is_empty());
    let errors = [
        kuzu.activate(&activation(1, 1)).unwrap_err(),
        kuzu.register_view("a", &Build::new(digest(1), at(1))).unwrap_err(),
        lab.adapter("crg").schema_bumped(&at(1)).unwrap_err(),
        kuzu.recompat_passed("b", &[], &at(1)).unwrap_err(),
        kuzu.recompat_failed("b", &at(1)).unwrap_err(),
        kuzu.view_rebuilt("c", &digest(1), &at(1)).unwrap_err(),
        kuzu.reconcile(&at(1), |_, _| -> Presence { panic!("asked in vain") }).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, ChangeError::Flush(FlushError::Version(_))), "{error:?}");
        assert!(said(&error).contains("format version 2"), "{error}");
    }
    assert_eq!(lab.text(), text);
}
