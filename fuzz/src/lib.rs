//! The fuzz targets: each runs the check of its name, which stands in tests/properties/checks and is the same that `cargo
//! test` runs.

#[path = "../../tests/properties/checks/mod.rs"]
#[allow(clippy::unwrap_used)]
pub mod checks;

/// The target of the check `$name`. libfuzzer_sys is named by the targets alone: its C++ has a `main` of its own, which the
/// examples are not to be linked with.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        static CHECK: std::sync::LazyLock<$crate::checks::Check> =
            std::sync::LazyLock::new(|| $crate::checks::named($name));

        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (CHECK.run)(bytes));
    };
}
