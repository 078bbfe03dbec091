#![no_main]

nskit_fuzz::target!("pattern");
