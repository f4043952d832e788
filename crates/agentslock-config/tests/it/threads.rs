//! What may be used by several threads.

use agentslock_config::{
    ConfigLock, Declared, InputsError, ParseReferenceError, Pass, PassError, Plan, Reference,
    Snapshot, Staleness, Unit, WriteError, Written,
};

#[test]
fn handles_and_errors_go_to_other_threads() {
    fn goes<T: Send + Sync + 'static>() {}
    goes::<ConfigLock>();
    goes::<Pass>();
    goes::<Declared>();
    goes::<Reference>();
    goes::<Unit>();
    goes::<Staleness>();
    goes::<ParseReferenceError>();
    goes::<PassError>();
    goes::<WriteError>();
    goes::<Snapshot>();
    goes::<Plan>();
    goes::<Written>();
    goes::<InputsError>();
}
