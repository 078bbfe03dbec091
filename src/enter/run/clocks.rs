//! Clocks of a new time namespace.

use std::ffi::CStr;
use std::io::Write;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::uio::pread;
use nix::time::{ClockId, clock_gettime};

use crate::enter::fault::{Fault, Part};
use crate::enter::setting::Clock;
use crate::proc::clocks::{LONGEST, SECOND, offset};
use crate::sys::file::{NOT_PROC, open_retrying, write_to_proc};

/// The clock shows `seconds` from now on in the namespace that our children will be in. `path` is our file of offsets.
///
/// An offset counts from the initial time namespace, whose clock we cannot read: it is that of ours without the offset that
/// ours has. The new namespace starts with the same offset, and `path` tells it.
pub fn set(path: &CStr, clock: Clock, seconds: i64) -> Result<(), Fault> {
    let file = open_retrying(path, OFlag::O_RDWR).map_err(Part::OpenSetting.fault())?;
    let mut shown = [0; LONGEST];
    let length = loop {
        match pread(&file, &mut shown, 0) {
            Err(Errno::EINTR) => {}
            read => break read.map_err(Part::ReadSetting.fault())?,
        }
    };
    let before = offset(&shown[..length], clock.name()).ok_or(NOT_PROC)?;
    let now = clock_gettime(match clock {
        Clock::Monotonic => ClockId::CLOCK_MONOTONIC,
        Clock::Boottime => ClockId::CLOCK_BOOTTIME,
    })?;
    let now = i128::from(now.tv_sec()) * SECOND + i128::from(now.tv_nsec());
    let (line, length) = line(clock, offset_for(seconds, now, before));
    Ok(write_to_proc(file, &line[..length])?)
}

/// The offset of a clock that is to show `seconds`, where it shows `now` with the offset `before`. In nanoseconds, but for
/// the first.
fn offset_for(seconds: i64, now: i128, before: i128) -> i128 {
    i128::from(seconds) * SECOND - now + before
}

/// A line for the file of offsets, and its length.
fn line(clock: Clock, offset: i128) -> ([u8; 64], usize) {
    // The kernel refuses what is beyond its range, long before the end of that of an i64.
    let seconds = offset.div_euclid(SECOND).clamp(i64::MIN.into(), i64::MAX.into());
    let mut line = [0; 64];
    let mut rest = &mut line[..];
    // There is room: a name, and numbers of at most 20 and 9 bytes.
    let _ = write!(rest, "{} {seconds} {}", clock.name(), offset.rem_euclid(SECOND));
    let length = 64 - rest.len();
    (line, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(clock: Clock, offset: i128) -> String {
        let (line, length) = line(clock, offset);
        String::from_utf8(line[..length].to_vec()).unwrap()
    }

    #[test]
    fn nanoseconds_are_never_negative() {
        assert_eq!(text(Clock::Monotonic, -1), "monotonic -1 999999999");
        assert_eq!(text(Clock::Monotonic, -SECOND), "monotonic -1 0");
        assert_eq!(text(Clock::Boottime, 7 * SECOND + 5), "boottime 7 5");
        assert_eq!(
            text(Clock::Monotonic, i128::MIN),
            format!("monotonic {} {}", i64::MIN, i128::MIN.rem_euclid(SECOND))
        );
        assert_eq!(text(Clock::Boottime, i128::from(i64::MAX) * SECOND), format!("boottime {} 0", i64::MAX));
    }

    #[test]
    fn the_offset_that_is_there_already_counts() {
        // Initially at 100.5 s, our clock shows 150.5 s; it is to show 7 s.
        let (now, before) = (150 * SECOND + SECOND / 2, 50 * SECOND);
        let offset = offset_for(7, now, before);
        assert_eq!(offset, -93 * SECOND - SECOND / 2);
        assert_eq!(100 * SECOND + SECOND / 2 + offset, 7 * SECOND);
    }
}
