//! A graph adapter: activates itself in `.agentsrc.lock` and registers the views that it built.
//!
//! ```sh
//! cargo run -p agentslock-adapters --example adapter -- examples/repo [ROUNDS]
//! ```

use std::error::Error;
use std::path::Path;
use std::time::SystemTime;

use agentslock_adapters::{Activation, AdaptersLock, Build, Dependency, Digest, Timestamp};
use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let repository = arguments.next().ok_or("usage: adapter REPOSITORY [ROUNDS]")?;
    let rounds: u32 = arguments.next().map_or(Ok(1), |rounds| rounds.parse())?;
    let repository = Path::new(&repository);
    let schema_digest = digest(&std::fs::read(repository.join("adapters/kuzu.schema"))?);
    let source_digest = digest(b"the adapter's own code");

    let kuzu = AdaptersLock::new(repository.join(".agentsrc.lock")).adapter("kuzu")?;
    let itself = Dependency::new(kuzu.name(), schema_digest.clone(), "0.7.0");
    kuzu.activate(&Activation { source_digest, schema_digest, at: now()? })?;
    for round in 0..rounds {
        for view in ["calls", "imports"] {
            let built = digest(format!("{view}, built in round {round}").as_bytes());
            kuzu.register_view(view, &Build::new(built, now()?).depending_on(itself.clone()))?;
        }
    }
    println!("adapter: {} writes", 1 + 2 * rounds);
    Ok(())
}

fn now() -> Result<Timestamp, Box<dyn Error>> {
    Ok(Timestamp::from_system_time(SystemTime::now())?)
}

fn digest(content: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(content).into())
}
