#![no_main]

nskit_fuzz::target!("lsns_argv");
