//! What the parent outside and the processes inside tell each other while the program runs: a socket pair, and the messages
//! that go over it. They are made and sent without memory, as all after the fork.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, setsockopt, socketpair, sockopt};

use super::fault::{Fault, Part};
use crate::namespace::Kind;
use crate::sys::process::Status;
use crate::sys::signal::SignalNumber;
use crate::sys::socket::{Files, receive, send};

/// The two ends. Each process drops the one that is not its own.
pub struct Channel {
    pub outside: Option<OwnedFd>,
    pub inside: Option<OwnedFd>,
}

impl Channel {
    /// A new one.
    pub fn open() -> Result<Channel, Fault> {
        let pair = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC);
        let (outside, inside) = pair.map_err(Part::Channel.fault())?;
        // The kernel then says who sends, by the PID that the sender has for the receiver.
        setsockopt(&outside, sockopt::PassCred, &true).map_err(Part::Channel.fault())?;
        Ok(Channel { outside: Some(outside), inside: Some(inside) })
    }
}

/// Inode number and 64-bit id of a namespace of each kind; 0 if unknown.
pub type Identities = [(u64, u64); Kind::ALL.len()];

/// What is told from inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The program is about to start, in these namespaces. The process that says so becomes the program.
    Started(Identities),
    /// The program has been stopped.
    Stopped(Stop),
    /// The program has ended so.
    Ended(Status),
    /// The program's terminal is open. The message carries both sides of it, the master first.
    Terminal,
}

/// A stop of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// By which signal.
    pub signal: SignalNumber,
    /// Stops are numbered from 1.
    pub number: u32,
    /// The number of the last instruction to continue that had been carried out before.
    pub after: u32,
}

/// An instruction to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// They are numbered from 1.
    pub number: u32,
    /// The number of the last stop that its sender knew of; 0 if of none.
    pub known_stop: u32,
    /// Whether its sender has continued process 1 itself, which was stopped.
    pub woken: bool,
}

/// What process 1 is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Send this signal to the program; not if the program is in our process group, where the second is set: then the
    /// terminal has sent it to both.
    Signal(SignalNumber, bool),
    /// Continue the program, if it is stopped: we have been continued.
    Continue(Continuation),
    /// Our caller's terminal is ready for what comes from the program's.
    Go,
}

/// What has come over the channel.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<T> {
    /// Nothing yet.
    Nothing,
    /// The far end is gone.
    Closed,
    /// This, from the process with this PID.
    Said(T, i32),
}

const NEWS: usize = 4 + 2 * Kind::ALL.len();
const INSTRUCTION: usize = 4;

impl News {
    fn to_words(self) -> [u64; NEWS] {
        let mut words = [0; NEWS];
        let head = match self {
            News::Started(identities) => {
                for (place, (inode, id)) in words[4..].chunks_exact_mut(2).zip(identities) {
                    place.copy_from_slice(&[inode, id]);
                }
                [1, 0, 0, 0]
            }
            News::Stopped(Stop { signal, number, after }) => [2, signal.0 as u64, number.into(), after.into()],
            News::Ended(Status::Exited(status)) => [3, status.into(), 0, 0],
            News::Ended(Status::Killed(signal)) => [4, signal.0 as u64, 0, 0],
            News::Terminal => [5, 0, 0, 0],
        };
        words[..4].copy_from_slice(&head);
        words
    }

    fn from_words(words: [u64; NEWS]) -> Option<News> {
        Some(match words[0] {
            1 => {
                let mut identities = Identities::default();
                for (place, pair) in identities.iter_mut().zip(words[4..].chunks_exact(2)) {
                    *place = (pair[0], pair[1]);
                }
                News::Started(identities)
            }
            2 => News::Stopped(Stop {
                signal: SignalNumber(words[1] as i32),
                number: words[2] as u32,
                after: words[3] as u32,
            }),
            3 => News::Ended(Status::Exited(words[1] as u8)),
            4 => News::Ended(Status::Killed(SignalNumber(words[1] as i32))),
            5 => News::Terminal,
            _ => return None,
        })
    }

    /// Tells it outside. Errors of send(2): EPIPE where nobody is there any more.
    pub fn tell(self, inside: impl AsFd) -> nix::Result<()> {
        send_words(inside, self.to_words(), None)
    }

    /// Tells it outside, with files that it carries. Errors: as [`News::tell`].
    pub fn tell_with(self, inside: impl AsFd, files: &Files) -> nix::Result<()> {
        send_words(inside, self.to_words(), Some(files))
    }

    /// What has been told, if anything; and the files that it carries.
    pub fn hear(outside: impl AsFd) -> (Heard<News>, Option<Files>) {
        hear(outside, News::from_words)
    }
}

impl Instruction {
    fn to_words(self) -> [u64; INSTRUCTION] {
        match self {
            Instruction::Signal(signal, false) => [1, signal.0 as u64, 0, 0],
            Instruction::Signal(signal, true) => [2, signal.0 as u64, 0, 0],
            Instruction::Continue(Continuation { number, known_stop, woken }) => {
                [3, number.into(), known_stop.into(), woken.into()]
            }
            Instruction::Go => [4, 0, 0, 0],
        }
    }

    fn from_words(words: [u64; INSTRUCTION]) -> Option<Instruction> {
        let signal = SignalNumber(words[1] as i32);
        Some(match words[0] {
            1 => Instruction::Signal(signal, false),
            2 => Instruction::Signal(signal, true),
            3 => Instruction::Continue(Continuation {
                number: words[1] as u32,
                known_stop: words[2] as u32,
                woken: words[3] != 0,
            }),
            4 => Instruction::Go,
            _ => return None,
        })
    }

    /// Tells process 1. Errors of send(2): EAGAIN where it has not listened for a second.
    pub fn give(self, outside: impl AsFd) -> nix::Result<()> {
        send_words(outside, self.to_words(), None)
    }

    /// What we have been told, if anything.
    pub fn hear(inside: impl AsFd) -> Heard<Instruction> {
        hear(inside, Instruction::from_words).0
    }
}

/// Milliseconds that we wait for room. If process 1 is stopped, the sender of more than fits must not wait without end.
const LONGEST_WAIT: u16 = 1000;

/// After so many errors in a row, the channel counts as closed. A single error may only mean that memory is short.
const MOST_ERRORS: usize = 8;

fn send_words<const N: usize>(socket: impl AsFd, words: [u64; N], files: Option<&Files>) -> nix::Result<()> {
    let mut waited = false;
    let mut errors = 0;
    loop {
        match send(&socket, words.map(u64::to_ne_bytes).as_flattened(), files) {
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if !waited => {
                waited = true;
                let _ = poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)], LONGEST_WAIT);
            }
            Err(errno) if errors < MOST_ERRORS && errno != Errno::EAGAIN => errors += 1,
            result => return result,
        }
    }
}

fn hear<T, const N: usize>(socket: impl AsFd, read: fn([u64; N]) -> Option<T>) -> (Heard<T>, Option<Files>) {
    let mut bytes = [[0; 8]; N];
    let mut errors = 0;
    loop {
        return match receive(&socket, bytes.as_flattened_mut()) {
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN) => (Heard::Nothing, None),
            Err(_) if errors < MOST_ERRORS => {
                errors += 1;
                continue;
            }
            Ok(message) if message.length == 8 * N => match read(bytes.map(u64::from_ne_bytes)) {
                Some(said) => (Heard::Said(said, message.sender), message.files),
                None => (Heard::Closed, None),
            },
            _ => (Heard::Closed, None),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard_in_its_order() {
        let Channel { outside, inside } = Channel::open().unwrap();
        let (outside, inside) = (outside.unwrap(), inside.unwrap());
        let mut identities = Identities::default();
        for (number, place) in (1..).zip(&mut identities) {
            *place = (number, u64::MAX - number);
        }
        let news = [
            News::Started(identities),
            News::Stopped(Stop { signal: SignalNumber::TSTP, number: u32::MAX, after: u32::MAX - 1 }),
            News::Ended(Status::Exited(255)),
            News::Ended(Status::Killed(SignalNumber::KILL)),
            News::Terminal,
        ];
        let instructions = [
            Instruction::Signal(SignalNumber::TERM, false),
            Instruction::Signal(SignalNumber::INT, true),
            Instruction::Continue(Continuation { number: 7, known_stop: u32::MAX, woken: true }),
            Instruction::Go,
        ];
        for said in news {
            said.tell(&inside).unwrap();
        }
        for instruction in instructions {
            instruction.give(&outside).unwrap();
        }
        for said in news {
            let (heard, files) = News::hear(&outside);
            assert!(files.is_none());
            assert_eq!(heard, Heard::Said(said, std::process::id() as i32));
        }
        for instruction in instructions {
            assert_eq!(Instruction::hear(&inside), Heard::Said(instruction, 0));
        }
        assert_eq!((News::hear(&outside).0, Instruction::hear(&inside)), (Heard::Nothing, Heard::Nothing));
        drop(inside);
        assert_eq!(News::hear(&outside).0, Heard::Closed);
        assert_eq!(Instruction::Go.give(&outside), Err(Errno::EPIPE));
    }

    #[test]
    fn files_come_with_what_carries_them() {
        use std::io::{Read, Seek, Write};
        let Channel { outside, inside } = Channel::open().unwrap();
        let (outside, inside) = (outside.unwrap(), inside.unwrap());
        let (mut reader, writer) = std::io::pipe().unwrap();
        let file = std::fs::File::open("/proc/self/comm").unwrap();
        News::Terminal.tell_with(&inside, &[writer.into(), file.into()]).unwrap();
        News::Ended(Status::Exited(0)).tell(&inside).unwrap();
        let (heard, files) = News::hear(&outside);
        assert_eq!(heard, Heard::Said(News::Terminal, std::process::id() as i32));
        let [writer, file] = files.unwrap();
        std::fs::File::from(writer).write_all(b"through").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        assert_eq!(std::fs::File::from(file).stream_position().unwrap(), 0);
        assert!(matches!(News::hear(&outside), (Heard::Said(News::Ended(_), _), None)));
    }

    #[test]
    fn who_sends_more_than_fits_is_not_held_up_for_ever() {
        let Channel { outside, inside: _inside } = Channel::open().unwrap();
        let outside = outside.unwrap();
        let full = (0..100_000).find_map(|_| Instruction::Go.give(&outside).err());
        assert_eq!(full, Some(Errno::EAGAIN));
    }
}
