//! Making system calls fail as they do on an older kernel.

use nix::request_code_read;

use super::calls::check;

/// The number of a request on a namespace file that reads a structure of this size.
const fn of_namespace(number: u8, size: usize) -> u32 {
    request_code_read!(0xb7, number, size) as u32
}

/// What can be made to fail: a name, the number of the system call, the ioctls meant if it is ioctl(2).
pub const CALLS: [(&str, libc::c_long, &[u32]); 11] = [
    (
        "mnt-ioctls",
        libc::SYS_ioctl,
        &[of_namespace(10, 16), of_namespace(11, 16), of_namespace(12, 16), of_namespace(5, 8)],
    ),
    ("id-ioctl", libc::SYS_ioctl, &[of_namespace(13, 8)]),
    ("statmount", 457, &[]),
    ("listmount", 458, &[]),
    ("listns", 470, &[]),
    ("open_by_handle_at", libc::SYS_open_by_handle_at, &[]),
    ("name_to_handle_at", libc::SYS_name_to_handle_at, &[]),
    ("kcmp", libc::SYS_kcmp, &[]),
    ("statx", libc::SYS_statx, &[]),
    ("pidfd_open", libc::SYS_pidfd_open, &[]),
    ("pidfd_getfd", libc::SYS_pidfd_getfd, &[]),
];

/// The instructions that make `CALL=ERRNO` true.
pub fn rule(text: &str) -> Vec<libc::sock_filter> {
    let (name, errno) = text.split_once('=').unwrap();
    let (_, call, ioctls) = CALLS.iter().find(|call| call.0 == name).unwrap();
    let errno = match errno {
        "ENOSYS" => libc::ENOSYS,
        "ENOTTY" => libc::ENOTTY,
        "EPERM" => libc::EPERM,
        "EINVAL" => libc::EINVAL,
        _ => panic!("what is {errno}?"),
    };
    let step = |code: u32, jt, jf, k: u32| libc::sock_filter { code: code as u16, jt, jf, k };
    let load = |at| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at);
    let equal = |value, jt, jf| step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, jt, jf, value);
    let fail = step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32);
    // Of struct seccomp_data: the number stands at 0, the second argument, of 64 bits, at 24.
    let lower_half = 24 + if cfg!(target_endian = "big") { 4 } else { 0 };
    let mut steps = vec![load(0)];
    if ioctls.is_empty() {
        steps.extend([equal(*call as u32, 0, 1), fail]);
    } else {
        let rest = ioctls.len() as u8 * 2 + 1;
        steps.extend([equal(*call as u32, 0, rest), load(lower_half)]);
        for ioctl in *ioctls {
            steps.extend([equal(*ioctl, 0, 1), fail]);
        }
    }
    steps
}

pub fn refuse(rules: &[Vec<libc::sock_filter>]) {
    let mut program = rules.concat();
    program.push(libc::sock_filter {
        code: (libc::BPF_RET | libc::BPF_K) as u16,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_ALLOW,
    });
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: a program of the length that is said, and plain numbers.
    unsafe {
        check("prctl", libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        check("prctl", libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter));
    }
}
