//! What may be used by several threads.

use agentslock_adapters::{
    Adapter, AdapterHandle, AdaptersLock, Build, ChangeError, IllegalTransition, UnusableNameError,
};

#[test]
fn handles_and_errors_go_to_other_threads() {
    fn goes<T: Send + Sync + 'static>() {}
    goes::<AdaptersLock>();
    goes::<AdapterHandle>();
    goes::<Adapter>();
    goes::<Build>();
    goes::<ChangeError>();
    goes::<IllegalTransition>();
    goes::<UnusableNameError>();
}
