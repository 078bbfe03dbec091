//! unshare(1): run a program in new namespaces.
#![no_main]
nskit::entry_point!(nskit::internals::tool::unshare);
