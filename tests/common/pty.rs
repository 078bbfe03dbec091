//! A terminal.

use std::ffi::CStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Arc, Mutex};

/// A pseudo-terminal: what is typed here, a program reads there, and what it writes there is read here.
pub struct Pty {
    master: File,
    slave: OwnedFd,
    read: Arc<Mutex<Vec<u8>>>,
}

impl Pty {
    /// A new terminal, which does not echo.
    pub fn new() -> Pty {
        // SAFETY: plain numbers and a buffer of the length given; new descriptors belong to nobody else.
        let (master, slave) = unsafe {
            let master = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
            assert!(master >= 0, "no terminal: {}", std::io::Error::last_os_error());
            let mut name = [0; 64];
            assert_eq!(libc::grantpt(master), 0);
            assert_eq!(libc::unlockpt(master), 0);
            assert_eq!(libc::ptsname_r(master, name.as_mut_ptr(), name.len()), 0);
            let slave = libc::open(name.as_ptr(), libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
            assert!(slave >= 0, "{:?}: {}", CStr::from_ptr(name.as_ptr()), std::io::Error::last_os_error());
            let mut settings: libc::termios = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(slave, &mut settings), 0);
            settings.c_lflag &= !libc::ECHO;
            // Else what is typed right behind a Ctrl-C or Ctrl-Z goes with what was typed before: the driver empties its
            // queues after it has sent the signal, when the program may have answered already.
            settings.c_lflag |= libc::NOFLSH;
            settings.c_oflag &= !libc::OPOST;
            assert_eq!(libc::tcsetattr(slave, libc::TCSANOW, &settings), 0);
            (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
        };
        Pty { master, slave, read: Arc::default() }
    }

    /// What the program's side is called.
    pub fn name(&self) -> String {
        let mut name = [0; 64];
        // SAFETY: a buffer of the length given.
        assert_eq!(unsafe { libc::ptsname_r(self.master.as_raw_fd(), name.as_mut_ptr(), name.len()) }, 0);
        // SAFETY: the call has ended it by a NUL.
        unsafe { CStr::from_ptr(name.as_ptr()) }.to_str().unwrap().to_string()
    }

    /// The program's side.
    pub fn slave(&self) -> OwnedFd {
        self.slave.try_clone().unwrap()
    }

    /// Types `bytes`: `\x03` is Ctrl-C, `\x1a` Ctrl-Z.
    pub fn type_in(&self, bytes: &[u8]) {
        (&self.master).write_all(bytes).unwrap();
    }

    /// How the terminal is set up: its flags and characters.
    pub fn settings(&self) -> Vec<u32> {
        // SAFETY: a structure that may be all zero and is only written to.
        let settings = unsafe {
            let mut settings: libc::termios = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(self.slave.as_raw_fd(), &mut settings), 0);
            settings
        };
        let flags = [settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag];
        flags.into_iter().chain(settings.c_cc.into_iter().map(u32::from)).collect()
    }

    /// Whether it passes every byte on as it is.
    pub fn is_raw(&self) -> bool {
        let changed = [libc::ICANON, libc::ISIG, libc::ECHO, libc::IEXTEN];
        changed.iter().all(|flag| self.settings()[3] & flag == 0)
    }

    /// Gives it this size: who is in the foreground is told (SIGWINCH).
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: a structure that is only read.
        assert_eq!(unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCSWINSZ, &size) }, 0);
    }

    /// Waits until it is raw, or until it is not.
    #[track_caller]
    pub fn wait_for_raw(&self, raw: bool) {
        super::call::poll_until("the terminal to be set up", || self.is_raw() == raw);
    }

    /// The process group in the foreground.
    pub fn foreground(&self) -> i32 {
        // SAFETY: an open descriptor; of the side that is no terminal of ours it may be asked as well.
        unsafe { libc::tcgetpgrp(self.master.as_raw_fd()) }
    }

    /// All that programs have written so far.
    pub fn text(&self) -> String {
        let mut read = self.read.lock().unwrap();
        loop {
            let mut poll = libc::pollfd { fd: self.master.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one structure, as said.
            if unsafe { libc::poll(&mut poll, 1, 0) } <= 0 || poll.revents & libc::POLLIN == 0 {
                break;
            }
            let mut chunk = [0; 4096];
            match nix::unistd::read(self.master.as_fd(), &mut chunk) {
                Ok(count) if count > 0 => read.extend_from_slice(&chunk[..count]),
                _ => break,
            }
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Waits until programs have written `text`.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        self.wait_for(text, |times| times > 0);
    }

    /// Waits until programs have written `text` so many times, and no more.
    #[track_caller]
    pub fn expect_times(&self, text: &str, expected: usize) {
        self.wait_for(text, |times| {
            assert!(times <= expected, "{text:?} more than {expected} times: {:?}", self.text());
            times == expected
        });
    }

    #[track_caller]
    fn wait_for(&self, text: &str, are_enough: impl Fn(usize) -> bool) {
        let start = std::time::Instant::now();
        while !are_enough(self.text().matches(text).count()) {
            let late = start.elapsed() > super::call::DEADLINE;
            assert!(!late, "waited in vain for {text:?} on the terminal: {:?}", self.text());
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}
