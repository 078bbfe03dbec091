//! What all three tools do where somebody is out to mislead whoever runs them: by names, by what stands in /proc, by the
//! place and the environment in which they are run.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod getent;
mod names;
mod proc;

use common::Scene;

/// A scene with our own unshare in it, whichever tools are tested.
#[track_caller]
fn scene() -> Option<Scene> {
    let scene = Scene::new()?;
    let on = scene.file("our-unshare", "");
    scene.mount(["--bind", env!("CARGO_BIN_EXE_unshare"), &on]);
    Some(scene)
}
