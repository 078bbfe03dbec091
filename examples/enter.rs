//! Runs a program in the network namespace of the process whose PID is the first argument; without one, in its own.

use nskit::cli::nsenter::{NsenterArgs, resolve};
use nskit::enter::nsenter::{NamespaceSource, plan};
use nskit::enter::target::TargetArgument;
use nskit::enter::target_source::TargetSource;
use nskit::enter::{RunFailure, run};
use nskit::namespace::Kind;

fn main() -> Result<(), RunFailure> {
    let pid = std::env::args().nth(1).and_then(|pid| pid.parse().ok()).unwrap_or(std::process::id() as i32);
    let args = NsenterArgs {
        target: Some(TargetSource::Process(TargetArgument { pid, inode: None })),
        namespaces: vec![(Kind::Net, NamespaceSource::Target)],
        program: vec!["readlink".into(), "/proc/self/ns/net".into()],
        ..NsenterArgs::default()
    };
    let (request, handles, _left_out) = resolve(args)?;
    // Returns only if the program ran as a child, with its status, or if something failed.
    let status = run(&plan(request), handles, &[c"PATH=/usr/sbin:/usr/bin"])?;
    println!("{status:?}");
    Ok(())
}
