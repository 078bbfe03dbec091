//! nsenter(1): run a program in the namespaces of another process.
#![no_main]
nskit::entry_point!(nskit::internals::tool::nsenter);
