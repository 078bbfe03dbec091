//! A scene with a planter in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::common::{
    Call, Descendant, Planted, Process, ROOT, Scene, User, example, on_purpose, poll_until, read_planted,
};

/// Planted namespaces, in a PID namespace and a mount namespace of their own.
pub struct Garden {
    scene: Scene,
    /// What has been planted.
    pub planted: Vec<Planted>,
    planter: Descendant,
    _process: Process,
}

impl Garden {
    /// A new one, in a PID namespace of its own; Skips the test where it cannot be.
    #[track_caller]
    pub fn new() -> Garden {
        Garden::with(&["--mount", "--pid", "--mount-proc", "--fork", "--kill-child"])
    }

    /// A new one in the PID namespace that we are in.
    #[track_caller]
    pub fn in_the_open() -> Garden {
        Garden::with(&["--mount", "--fork", "--kill-child"])
    }

    #[track_caller]
    fn with(options: &[&str]) -> Garden {
        on_purpose("HELD-BY, and namespaces that are found nowhere else");
        let scene = Scene::new();
        let directory = scene.subdirectory("garden");
        let planter = example("planter").display().to_string();
        let plant = [&planter, "plant", &directory];
        let arguments = options.iter().chain(&plant);
        let process = scene.unshare(arguments).leashed().spawn();
        poll_until("all to be planted", || {
            assert_eq!(process.stderr(), "");
            process.stdout().ends_with("ready\n")
        });
        Garden { planted: read_planted(&process.stdout()), planter: process.child(), scene, _process: process }
    }

    /// Any program, run beside the planter.
    pub fn call<A: AsRef<OsStr>>(&self, program: PathBuf, arguments: impl IntoIterator<Item = A>) -> Call {
        self.call_as(ROOT, program, arguments)
    }

    /// The same, as that user.
    pub fn call_as<A: AsRef<OsStr>>(
        &self,
        user: User,
        program: PathBuf,
        arguments: impl IntoIterator<Item = A>,
    ) -> Call {
        let beside = format!("--target={}", self.planter.pid);
        let ids = [format!("-S{}", user.uid), format!("-G{}", user.gid)];
        self.scene.call("/usr/bin/nsenter", ["--mount", "--pid", &beside]).args(ids).args([program]).args(arguments)
    }

    /// Any program, run beside the planter, for which these calls fail (see the planter).
    pub fn without(&self, calls: &str, program: PathBuf, arguments: impl IntoIterator<Item = &'static str>) -> Call {
        let words = ["without", calls, program.to_str().unwrap()].map(str::to_string);
        let arguments = arguments.into_iter().map(str::to_string);
        self.call(example("planter"), words.into_iter().chain(arguments))
    }

    /// Where nsenter comes to: this link of /proc/self/ns, or what it says where it fails.
    pub fn enter(&self, option: &str, reference: &str, link: &str) -> String {
        let option = format!("--{option}={reference}");
        let link = format!("/proc/self/ns/{link}");
        let nsenter = crate::common::ours("nsenter");
        let call = self.call(nsenter, ["--no-fork", &option, "/bin/readlink", &link]);
        let outcome = call.run();
        outcome.stdout.trim_end().to_string() + &outcome.stderr
    }

    /// Namespaces, descriptors and mounts of every process and thread in the garden.
    pub fn state(&self) -> BTreeMap<PathBuf, String> {
        let mut state = BTreeMap::new();
        let proc = self.planter.proc("root/proc");
        for process in numbered(&proc) {
            let mountinfo = std::fs::read_to_string(process.join("mountinfo"));
            state.insert(process.join("mountinfo"), mountinfo.unwrap_or_default());
            links(&process.join("fd"), &mut state);
            for thread in numbered(&process.join("task")) {
                links(&thread.join("ns"), &mut state);
            }
        }
        state
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    // Of an exited leader some directories cannot be read.
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn numbered(directory: &Path) -> Vec<PathBuf> {
    let mut found = entries(directory);
    found.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.bytes().all(|byte| byte.is_ascii_digit())
    });
    found
}

fn links(directory: &Path, state: &mut BTreeMap<PathBuf, String>) {
    for path in entries(directory) {
        let link = std::fs::read_link(&path).unwrap_or_default();
        state.insert(path, link.display().to_string());
    }
}
