//! The four tasks of the library's page: list, visit, start, watch. Ends with the words that the test waits for.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use nskit::{Change, Command, Kind, Listing, Namespace, Source, Stdio, Target};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn list() -> Result<usize> {
    let all = nskit::namespaces()?;
    let own = Namespace::current(Kind::Net)?;
    let found = all.get(own.inode()).ok_or("our own namespace is not listed")?;
    assert_eq!((found.kind(), found.id()), (Kind::Net, own.id()));
    Ok(Listing::new().kinds([Kind::Net]).scan()?.len())
}

fn start() -> Result<()> {
    let mut command = Command::new("sleep");
    command.arg("1000").unshare([Kind::User, Kind::Net, Kind::Uts]).map_root().loopback().hostname("box");
    println!("{}", command.plan()?);
    let mut child = command.stdout(Stdio::null()).spawn()?;
    // One of them, by an open handle.
    let uts = Namespace::of(child.id(), Kind::Uts)?;
    assert_eq!(uts.owner()?, Namespace::of(child.id(), Kind::User)?);
    // In those of another.
    let out = Command::new("hostname").target(Target::pid(child.id())?).all().output()?;
    assert_eq!(String::from_utf8(out.stdout)?, "box\n");
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn watch() -> Result<()> {
    let listing = Listing::new().kinds([Kind::Uts]).sources([Source::Process]);
    let mut changes = listing.watch(Duration::from_millis(50))?;
    let starter = std::thread::spawn(|| -> Result<()> {
        for _ in 0..40 {
            Command::new("sleep").arg("0.2").unshare([Kind::User, Kind::Uts]).status()?;
        }
        Ok(())
    });
    let come = changes.find_map(|change| match change {
        Ok(Change::Appeared(namespace)) => Some(namespace.identity()),
        _ => None,
    });
    let come = come.ok_or("watching ends")?;
    let is_gone = |change: nskit::Result<Change>| matches!(change, Ok(Change::Vanished(gone)) if gone == come);
    assert!(changes.any(is_gone));
    starter.join().map_err(|_| "the other thread panicked")??;
    Ok(())
}

fn run() -> Result<()> {
    println!("{} network namespaces", list()?);
    start()?;
    watch()
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => {
            println!("all four tasks are done");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let hint = error.downcast_ref::<nskit::Error>().and_then(nskit::Error::hint);
            eprintln!("{error}\nhint: {}", hint.unwrap_or("none"));
            ExitCode::FAILURE
        }
    }
}
