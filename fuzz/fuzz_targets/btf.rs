#![no_main]

nskit_fuzz::target!("btf");
