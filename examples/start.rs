//! Starts a shell in new mount and PID namespaces, with the proc of its own PIDs.

use nskit::enter::handles::Handles;
use nskit::enter::program::Program;
use nskit::enter::setting::{Propagation, SignalPolicy};
use nskit::enter::step::Step;
use nskit::enter::unshare::{Fork, UnshareRequest, plan};
use nskit::enter::{RunFailure, run};
use nskit::namespace::{Kind, KindSet};

fn main() -> Result<(), RunFailure> {
    let kinds = KindSet::EMPTY.with(Kind::User).with(Kind::Mount).with(Kind::Pid);
    let request = UnshareRequest {
        kinds,
        fork: Some(Fork::default()),
        proc: Some("/proc".into()),
        program: Program::from_operands(&["sh".into(), "-c".into(), "echo process $$ of /proc/[0-9]*".into()])?,
        ..UnshareRequest::default()
    };
    let plan = plan(request);
    assert_eq!(
        plan.steps,
        [
            Step::DefaultChildSignal,
            Step::Unshare(kinds),
            // Only children are in the new PID namespace, and only they can mount its proc.
            Step::Fork(SignalPolicy::LeaveToChild),
            Step::Propagate(Propagation::Private, "/".into()),
            Step::MountProc("/proc".into()),
        ]
    );
    let status = run(&plan, Handles::default(), &[c"PATH=/usr/bin:/bin"])?;
    println!("{status:?}");
    Ok(())
}
