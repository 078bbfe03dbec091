//! lsns(8): list namespaces.
#![no_main]
nskit::entry_point!(nskit::internals::tool::lsns);
