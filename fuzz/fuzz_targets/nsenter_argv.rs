#![no_main]

nskit_fuzz::target!("nsenter_argv");
