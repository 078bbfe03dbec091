//! The sessions that README shows are what the tools do.

use crate::common::session;

scene_test!(the_sessions_of_readme_are_what_the_tools_do);
fn the_sessions_of_readme_are_what_the_tools_do() {
    session::check("README.md");
}
