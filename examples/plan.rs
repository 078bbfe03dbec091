//! What entering a network namespace would do, without doing it.

use nskit::enter::nsenter::{NsenterRequest, plan};
use nskit::enter::program::Program;
use nskit::enter::setting::Join;
use nskit::enter::step::Step;
use nskit::error::RequestError;
use nskit::namespace::{Kind, KindSet};

fn main() -> Result<(), RequestError> {
    let program = Program::from_operands(&["ip".into(), "address".into()])?;
    let net = Join { of_target: KindSet::EMPTY.with(Kind::Net), ..Join::default() };
    let request = NsenterRequest { join: net.clone(), program: program.clone(), ..NsenterRequest::default() };
    let plan = plan(request);
    assert_eq!(
        plan.steps,
        [
            // From the first setns(2) on, processes inside may see us: they must not get at what we hold.
            Step::SetDumpable(false),
            Step::JoinTolerant(net.clone()),
            Step::JoinStrict(net),
        ]
    );
    assert_eq!(plan.program, program);
    Ok(())
}
