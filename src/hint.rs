//! Why something probably failed.
use crate::enter::unshare::Request;
use crate::error::Failure;
/// What
pub struct Situation {}
impl Situation {
    /// x
    pub fn of_unshare(_r: &Request) -> Situation {
        Situation {}
    }
}
/// x
pub fn before_unshare(_f: &Failure) -> Option<String> {
    None
}
/// x
pub fn unshare(_f: &Failure, _s: &Situation) -> Option<String> {
    None
}
