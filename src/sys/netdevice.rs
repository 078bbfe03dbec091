//! Network devices, see netdevice(7).

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;

use super::{check, new_descriptor};

/// A socket by which the devices of our network namespace can be configured. The kernel takes one of any family, and one of
/// AF_UNIX also where it has no IPv4. Errors of socket(2): EMFILE, ENFILE, ENOMEM.
pub fn control_socket() -> nix::Result<OwnedFd> {
    // SAFETY: plain numbers; the descriptor is new.
    unsafe { new_descriptor(libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0).into()) }
}

/// An ifreq for the device of that name. Errors: EINVAL for a name that no device can have.
fn request_for(name: &[u8]) -> nix::Result<libc::ifreq> {
    // SAFETY: an all-zero ifreq is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays 0.
    if name.is_empty() || name.len() >= request.ifr_name.len() {
        return Err(Errno::EINVAL);
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(name) {
        *place = *byte as libc::c_char;
    }
    Ok(request)
}

/// Brings up `lo` (SIOCSIFFLAGS). The kernel keeps the flags that say what sort of device it is. Errors: EPERM without
/// CAP_NET_ADMIN over the network namespace.
pub fn bring_up_loopback(socket: impl AsFd) -> nix::Result<()> {
    let mut request = request_for(b"lo")?;
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: this request only reads the structure given, whose name ends within it.
    check(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS as _, &request) }.into()).map(drop)
}

/// Asks about a device, by a request that fills the structure. The kernel tries to load a module called like a device
/// that it does not find, if the caller has CAP_NET_ADMIN or CAP_SYS_MODULE: drop these first.
fn asked(socket: impl AsFd, which: libc::Ioctl, name: &[u8]) -> nix::Result<libc::ifreq> {
    let mut request = request_for(name)?;
    // SAFETY: each request that is made through this function fills the structure given and nothing else.
    check(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), which, &mut request) }.into())?;
    Ok(request)
}

/// The index of a device (SIOCGIFINDEX). Errors: ENODEV if no device has that name.
pub fn index(socket: impl AsFd, name: &[u8]) -> nix::Result<u32> {
    let request = asked(socket, libc::SIOCGIFINDEX as _, name)?;
    // SAFETY: this request has filled this member; it is a number.
    Ok(unsafe { request.ifr_ifru.ifru_ifindex }.cast_unsigned())
}

/// Whether a device is up: IFF_UP of SIOCGIFFLAGS. Errors: as [`index`].
pub fn is_up(socket: impl AsFd, name: &[u8]) -> nix::Result<bool> {
    let request = asked(socket, libc::SIOCGIFFLAGS as _, name)?;
    // SAFETY: this request has filled this member; it is a number.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    Ok(libc::c_int::from(flags) & libc::IFF_UP != 0)
}

/// The MAC address of a device (SIOCGIFHWADDR); `None` if it has none. Errors: as [`index`].
pub fn hardware_address(socket: impl AsFd, name: &[u8]) -> nix::Result<Option<[u8; 6]>> {
    let request = asked(socket, libc::SIOCGIFHWADDR as _, name)?;
    // SAFETY: this request has filled this member; it is made of numbers.
    let address = unsafe { request.ifr_ifru.ifru_hwaddr };
    let mut bytes = [0; 6];
    for (place, byte) in bytes.iter_mut().zip(address.sa_data) {
        *place = byte as u8;
    }
    Ok((address.sa_family == libc::ARPHRD_ETHER).then_some(bytes))
}

/// Requests of <linux/ethtool.h>, which anybody may make.
const ETHTOOL_GDRVINFO: u32 = 0x3;
const ETHTOOL_GSTRINGS: u32 = 0x1b;
const ETHTOOL_GSTATS: u32 = 0x1d;
/// ETH_SS_STATS: the names of the statistics.
const STATISTICS: u32 = 1;
/// ETH_GSTRING_LEN.
const NAME: usize = 32;
/// struct ethtool_drvinfo: where the name of the driver and the number of statistics stand.
const DRIVER_AT: usize = 4;
const STATISTICS_AT: usize = 180;
/// struct ethtool_gstrings has three numbers before the names, struct ethtool_stats two before the values.
const NAMES_AT: usize = 12;
const VALUES_AT: usize = 8;

/// Room for whatever the kernel writes. It does not ask how much room there is.
pub struct Statistics(Vec<u64>);

/// In 64-bit words; struct ethtool_drvinfo has 196 bytes.
const ROOM_FOR_DRIVER: usize = 32;
/// In 64-bit words. The number of statistics may change between two requests; a device has at most 4096 queues each way,
/// with some ten statistics of 32 bytes each.
const ROOM_FOR_STATISTICS: usize = 4 << 20 >> 3;

impl Statistics {
    /// Room for the name of a driver: most devices are asked for nothing else.
    pub fn new() -> Statistics {
        Statistics(vec![0; ROOM_FOR_DRIVER])
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: u64 has no padding, and any bytes are bytes.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast::<u8>(), self.0.len() * 8) }
    }

    fn word(&self, at: usize) -> u32 {
        let bytes = &self.bytes()[at..at + 4];
        u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    fn ask(&mut self, socket: impl AsFd, name: &[u8], head: [u32; 3]) -> nix::Result<()> {
        let mut request = request_for(name)?;
        let [first, second, third] = head.map(u32::to_ne_bytes);
        let two = |low: [u8; 4], high: [u8; 4]| {
            u64::from_ne_bytes([low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3]])
        };
        self.0[0] = two(first, second);
        self.0[1] = two(third, [0; 4]);
        request.ifr_ifru.ifru_data = self.0.as_mut_ptr().cast();
        // SAFETY: the requests made here write less than the buffer holds, see the type.
        check(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCETHTOOL as _, &mut request) }.into()).map(drop)
    }

    /// The index of the other end of a veth(4) pair, in the network namespace of that end; `None` if the device is not
    /// one, or has lost its other end. Errors: as [`index`].
    pub fn peer_of_veth(&mut self, socket: impl AsFd, name: &[u8]) -> nix::Result<Option<u32>> {
        self.ask(&socket, name, [ETHTOOL_GDRVINFO, 0, 0])?;
        if !self.bytes()[DRIVER_AT..].starts_with(b"veth\0") {
            return Ok(None);
        }
        let count = self.word(STATISTICS_AT);
        if self.0.len() < ROOM_FOR_STATISTICS {
            self.0 = vec![0; ROOM_FOR_STATISTICS];
        }
        self.ask(&socket, name, [ETHTOOL_GSTRINGS, STATISTICS, count])?;
        let names = self.bytes()[NAMES_AT..].chunks_exact(NAME).take(self.word(8) as usize);
        let mut names = names.map(|name| name.starts_with(b"peer_ifindex\0"));
        let Some(place) = names.position(|is_it| is_it) else {
            return Ok(None);
        };
        self.ask(&socket, name, [ETHTOOL_GSTATS, count, 0])?;
        let value = self.0.get(VALUES_AT / 8 + place).copied();
        Ok(value.and_then(|index| u32::try_from(index).ok()).filter(|index| *index > 0))
    }
}

impl Default for Statistics {
    fn default() -> Statistics {
        Statistics::new()
    }
}
