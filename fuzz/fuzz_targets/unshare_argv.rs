#![no_main]

nskit_fuzz::target!("unshare_argv");
