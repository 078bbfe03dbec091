//! What an errno is called.

use nix::errno::Errno;

/// The text that the GNU C library has for this error, as in strerror(3): `Operation not permitted`.
///
/// Scripts that read the messages of util-linux know these texts, so they are the same with every C library: musl calls
/// ENOMEM `Out of memory` and ELOOP `Symbolic link loop`.
pub fn error_text(errno: Errno) -> String {
    match TEXTS.iter().find(|(known, _)| *known == errno) {
        Some((_, text)) => (*text).to_owned(),
        None => format!("Unknown error {}", errno as i32),
    }
}

const TEXTS: &[(Errno, &str)] = &[
    // Errno 0.
    (Errno::UnknownErrno, "Success"),
    (Errno::EPERM, "Operation not permitted"),
    (Errno::ENOENT, "No such file or directory"),
    (Errno::ESRCH, "No such process"),
    (Errno::EINTR, "Interrupted system call"),
    (Errno::EIO, "Input/output error"),
    (Errno::ENXIO, "No such device or address"),
    (Errno::E2BIG, "Argument list too long"),
    (Errno::ENOEXEC, "Exec format error"),
    (Errno::EBADF, "Bad file descriptor"),
    (Errno::ECHILD, "No child processes"),
    (Errno::EAGAIN, "Resource temporarily unavailable"),
    (Errno::ENOMEM, "Cannot allocate memory"),
    (Errno::EACCES, "Permission denied"),
    (Errno::EFAULT, "Bad address"),
    (Errno::ENOTBLK, "Block device required"),
    (Errno::EBUSY, "Device or resource busy"),
    (Errno::EEXIST, "File exists"),
    (Errno::EXDEV, "Invalid cross-device link"),
    (Errno::ENODEV, "No such device"),
    (Errno::ENOTDIR, "Not a directory"),
    (Errno::EISDIR, "Is a directory"),
    (Errno::EINVAL, "Invalid argument"),
    (Errno::ENFILE, "Too many open files in system"),
    (Errno::EMFILE, "Too many open files"),
    (Errno::ENOTTY, "Inappropriate ioctl for device"),
    (Errno::ETXTBSY, "Text file busy"),
    (Errno::EFBIG, "File too large"),
    (Errno::ENOSPC, "No space left on device"),
    (Errno::ESPIPE, "Illegal seek"),
    (Errno::EROFS, "Read-only file system"),
    (Errno::EMLINK, "Too many links"),
    (Errno::EPIPE, "Broken pipe"),
    (Errno::EDOM, "Numerical argument out of domain"),
    (Errno::ERANGE, "Numerical result out of range"),
    (Errno::EDEADLK, "Resource deadlock avoided"),
    (Errno::ENAMETOOLONG, "File name too long"),
    (Errno::ENOLCK, "No locks available"),
    (Errno::ENOSYS, "Function not implemented"),
    (Errno::ENOTEMPTY, "Directory not empty"),
    (Errno::ELOOP, "Too many levels of symbolic links"),
    (Errno::ENOMSG, "No message of desired type"),
    (Errno::EIDRM, "Identifier removed"),
    (Errno::ECHRNG, "Channel number out of range"),
    (Errno::EL2NSYNC, "Level 2 not synchronized"),
    (Errno::EL3HLT, "Level 3 halted"),
    (Errno::EL3RST, "Level 3 reset"),
    (Errno::ELNRNG, "Link number out of range"),
    (Errno::EUNATCH, "Protocol driver not attached"),
    (Errno::ENOCSI, "No CSI structure available"),
    (Errno::EL2HLT, "Level 2 halted"),
    (Errno::EBADE, "Invalid exchange"),
    (Errno::EBADR, "Invalid request descriptor"),
    (Errno::EXFULL, "Exchange full"),
    (Errno::ENOANO, "No anode"),
    (Errno::EBADRQC, "Invalid request code"),
    (Errno::EBADSLT, "Invalid slot"),
    (Errno::EBFONT, "Bad font file format"),
    (Errno::ENOSTR, "Device not a stream"),
    (Errno::ENODATA, "No data available"),
    (Errno::ETIME, "Timer expired"),
    (Errno::ENOSR, "Out of streams resources"),
    (Errno::ENONET, "Machine is not on the network"),
    (Errno::ENOPKG, "Package not installed"),
    (Errno::EREMOTE, "Object is remote"),
    (Errno::ENOLINK, "Link has been severed"),
    (Errno::EADV, "Advertise error"),
    (Errno::ESRMNT, "Srmount error"),
    (Errno::ECOMM, "Communication error on send"),
    (Errno::EPROTO, "Protocol error"),
    (Errno::EMULTIHOP, "Multihop attempted"),
    (Errno::EDOTDOT, "RFS specific error"),
    (Errno::EBADMSG, "Bad message"),
    (Errno::EOVERFLOW, "Value too large for defined data type"),
    (Errno::ENOTUNIQ, "Name not unique on network"),
    (Errno::EBADFD, "File descriptor in bad state"),
    (Errno::EREMCHG, "Remote address changed"),
    (Errno::ELIBACC, "Can not access a needed shared library"),
    (Errno::ELIBBAD, "Accessing a corrupted shared library"),
    (Errno::ELIBSCN, ".lib section in a.out corrupted"),
    (Errno::ELIBMAX, "Attempting to link in too many shared libraries"),
    (Errno::ELIBEXEC, "Cannot exec a shared library directly"),
    (Errno::EILSEQ, "Invalid or incomplete multibyte or wide character"),
    (Errno::ERESTART, "Interrupted system call should be restarted"),
    (Errno::ESTRPIPE, "Streams pipe error"),
    (Errno::EUSERS, "Too many users"),
    (Errno::ENOTSOCK, "Socket operation on non-socket"),
    (Errno::EDESTADDRREQ, "Destination address required"),
    (Errno::EMSGSIZE, "Message too long"),
    (Errno::EPROTOTYPE, "Protocol wrong type for socket"),
    (Errno::ENOPROTOOPT, "Protocol not available"),
    (Errno::EPROTONOSUPPORT, "Protocol not supported"),
    (Errno::ESOCKTNOSUPPORT, "Socket type not supported"),
    (Errno::EOPNOTSUPP, "Operation not supported"),
    (Errno::EPFNOSUPPORT, "Protocol family not supported"),
    (Errno::EAFNOSUPPORT, "Address family not supported by protocol"),
    (Errno::EADDRINUSE, "Address already in use"),
    (Errno::EADDRNOTAVAIL, "Cannot assign requested address"),
    (Errno::ENETDOWN, "Network is down"),
    (Errno::ENETUNREACH, "Network is unreachable"),
    (Errno::ENETRESET, "Network dropped connection on reset"),
    (Errno::ECONNABORTED, "Software caused connection abort"),
    (Errno::ECONNRESET, "Connection reset by peer"),
    (Errno::ENOBUFS, "No buffer space available"),
    (Errno::EISCONN, "Transport endpoint is already connected"),
    (Errno::ENOTCONN, "Transport endpoint is not connected"),
    (Errno::ESHUTDOWN, "Cannot send after transport endpoint shutdown"),
    (Errno::ETOOMANYREFS, "Too many references: cannot splice"),
    (Errno::ETIMEDOUT, "Connection timed out"),
    (Errno::ECONNREFUSED, "Connection refused"),
    (Errno::EHOSTDOWN, "Host is down"),
    (Errno::EHOSTUNREACH, "No route to host"),
    (Errno::EALREADY, "Operation already in progress"),
    (Errno::EINPROGRESS, "Operation now in progress"),
    (Errno::ESTALE, "Stale file handle"),
    (Errno::EUCLEAN, "Structure needs cleaning"),
    (Errno::ENOTNAM, "Not a XENIX named type file"),
    (Errno::ENAVAIL, "No XENIX semaphores available"),
    (Errno::EISNAM, "Is a named type file"),
    (Errno::EREMOTEIO, "Remote I/O error"),
    (Errno::EDQUOT, "Disk quota exceeded"),
    (Errno::ENOMEDIUM, "No medium found"),
    (Errno::EMEDIUMTYPE, "Wrong medium type"),
    (Errno::ECANCELED, "Operation canceled"),
    (Errno::ENOKEY, "Required key not available"),
    (Errno::EKEYEXPIRED, "Key has expired"),
    (Errno::EKEYREVOKED, "Key has been revoked"),
    (Errno::EKEYREJECTED, "Key was rejected by service"),
    (Errno::EOWNERDEAD, "Owner died"),
    (Errno::ENOTRECOVERABLE, "State not recoverable"),
    (Errno::ERFKILL, "Operation not possible due to RF-kill"),
    (Errno::EHWPOISON, "Memory page has hardware error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ones_have_the_texts_that_scripts_know() {
        for (errno, text) in [
            (Errno::UnknownErrno, "Success"),
            (Errno::EPERM, "Operation not permitted"),
            (Errno::ENOMEM, "Cannot allocate memory"),
            (Errno::ELOOP, "Too many levels of symbolic links"),
            (Errno::ERANGE, "Numerical result out of range"),
        ] {
            assert_eq!(error_text(errno), text);
        }
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn every_text_is_that_of_the_c_library() {
        let mut texts = 0;
        for number in 0..4096 {
            let errno = Errno::from_raw(number);
            // Numbers that have no name. Errno keeps no number for these.
            if errno as i32 != number {
                continue;
            }
            let mut text = [0 as libc::c_char; 256];
            // SAFETY: the buffer is writable for the length given, and strerror_r ends what it writes with a NUL.
            let theirs = unsafe {
                assert_eq!(libc::strerror_r(number, text.as_mut_ptr(), text.len()), 0, "{number}");
                std::ffi::CStr::from_ptr(text.as_ptr())
            };
            assert_eq!(error_text(errno), theirs.to_str().unwrap());
            texts += 1;
        }
        assert_eq!(texts, TEXTS.len());
    }
}
