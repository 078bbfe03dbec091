//! Settings of the new namespaces.

use std::ffi::CStr;

use crate::enter::fault::{Fault, Part};
use crate::sys;
use crate::sys::file::{open_to_write, write_fd_once, write_to_proc};

pub fn bring_up_loopback() -> Result<(), Fault> {
    let socket = sys::netdevice::control_socket().map_err(Part::ControlSocket.fault())?;
    Ok(sys::netdevice::bring_up_loopback(&socket)?)
}

/// Writes `text` to a file in our own /proc directory.
pub fn write_setting(path: &CStr, text: &[u8]) -> Result<(), Fault> {
    let file = open_to_write(path).map_err(Part::OpenSetting.fault())?;
    Ok(write_to_proc(file, text)?)
}

/// Registers an interpreter with the binfmt_misc whose `register` file this is.
pub fn register(path: &CStr, interpreter: &[u8]) -> Result<(), Fault> {
    Ok(write_fd_once(open_to_write(path).map_err(Part::OpenSetting.fault())?, interpreter)?)
}
