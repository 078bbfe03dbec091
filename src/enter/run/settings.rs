//! Settings of the new namespaces.

use std::ffi::CStr;

use crate::enter::fault::{Fault, Part};
use crate::sys;
use crate::sys::file::{open_to_write, write_fd_once, write_to_proc};
use crate::sys::limit::Limit;
use crate::sys::seccomp::SeccompFilter;

pub fn bring_up_loopback() -> Result<(), Fault> {
    let socket = sys::netdevice::control_socket().map_err(Part::ControlSocket.fault())?;
    Ok(sys::netdevice::bring_up_loopback(&socket)?)
}

/// Writes `text` to a file in our own /proc directory.
pub fn write_setting(path: &CStr, text: &[u8]) -> Result<(), Fault> {
    let file = open_to_write(path).map_err(Part::OpenSetting.fault())?;
    Ok(write_to_proc(file, text)?)
}

pub fn set_limits(limits: &[Limit]) -> Result<(), Fault> {
    let mut numbered = (0..).zip(limits);
    numbered.try_for_each(|(number, limit)| sys::limit::set(*limit).map_err(Part::Number(number).fault()))
}

pub fn install_filters(filters: &[SeccompFilter]) -> nix::Result<()> {
    filters.iter().try_for_each(sys::seccomp::install)
}

/// Registers an interpreter with the binfmt_misc whose `register` file this is.
pub fn register(path: &CStr, interpreter: &[u8]) -> Result<(), Fault> {
    Ok(write_fd_once(open_to_write(path).map_err(Part::OpenSetting.fault())?, interpreter)?)
}
