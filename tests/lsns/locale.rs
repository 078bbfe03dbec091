//! Which characters a locale has: ours beside the installed one, in locales that their names do not tell everything of.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{Frozen, only_with_musl, otherwise_with_musl, skip};

const SCENE: &str = r#"
sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat' $'gr\xc3\xbc\xc3\x9fe' & settle uts $!
until pgrep -x cat >/dev/null; do sleep 0.01; done
"#;

/// Locales of UTF-8 and such as are not there, or not so.
const NAMES: [&str; 14] = [
    "en_IN",
    "en_IN.UTF-8",
    "en_IN.ISO-8859-1",
    "en_IN@x",
    "en_AT",
    "sr_RS@latin",
    "sr_RS",
    "C.UTF-8",
    "C.utf-8",
    "C.UTF-8@x",
    "C@x",
    "C.UTF-88",
    "../locales/en_IN",
    "C",
];

scene_test!(locales_are_found_as_theirs_finds_them);
fn locales_are_found_as_theirs_finds_them() {
    otherwise_with_musl("which locales are installed");
    let utf8 = Path::new("/usr/lib/locale/C.utf8");
    if !utf8.exists() {
        skip("there is no C.utf8 to make locales of");
    }
    let frozen = Frozen::new(SCENE);
    let directory = frozen.scene.subdirectory("locales");
    for name in ["en_IN", "en", "sr_RS@latin"] {
        let of = frozen.scene.path("locales").join(name);
        frozen.scene.call("/bin/cp", ["-r".as_ref(), utf8, &of]).ok();
    }
    let mut utf8 = 0;
    for name in NAMES {
        for path in ["", &directory, &format!(":/nonexistent:{directory}:")] {
            for variable in ["LC_ALL", "LC_CTYPE", "LANG", "LC_TIME"] {
                let lists = [frozen.their_lsns("-t uts"), frozen.lsns("-t uts")];
                let [theirs, ours] = lists.map(|call| {
                    // As every call, it has LC_ALL, which is empty to make room for others.
                    let call = call.env("LC_ALL", "").env("LC_CTYPE", "C.UTF-8");
                    call.env("LOCPATH", path).env(variable, name).ok()
                });
                assert!(theirs == ours, "{variable}={name} LOCPATH={path}\n{theirs}\n{ours}");
                utf8 += usize::from(ours.contains("grüße"));
            }
        }
    }
    let all = NAMES.len() * 12;
    assert!(all / 4 < utf8 && utf8 < all * 3 / 4, "{utf8} of {all}");
    frozen.end();
}

/// Processes whose command lines hold characters of all planes, every byte, and half a character.
const CHARACTERS: &str = r#"
all() { for number; do printf "\\U$(printf %08x "$number")"; done; }
bytes() { for number; do printf "\\x$(printf %02x "$number")"; done; }
run() { sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat' "$1" & settle uts $!; }
export LC_ALL=C.UTF-8
run "$(all {160..1400..3})"
run "$(all {1400..12000..31})"
run "$(all {12000..65000..411})"
run "$(all {65000..1114000..4099})"
export LC_ALL=C
run "$(bytes {128..255})"
run "$(bytes 226 130 32 195)"
"#;

scene_test!(characters_are_shown_as_theirs_shows_them);
fn characters_are_shown_as_theirs_shows_them() {
    otherwise_with_musl("what the newest characters are");
    let needed = ["/usr/bin/localedef", "/usr/share/i18n/charmaps/ISO-8859-1.gz", "/usr/lib/locale/C.utf8"];
    if let Some(missing) = needed.into_iter().find(|path| !Path::new(path).exists()) {
        skip(&format!("there is no {missing}"));
    }
    let frozen = Frozen::new(CHARACTERS);
    let directory = frozen.scene.subdirectory("locales");
    for charset in ["ISO-8859-1", "KOI8-R"] {
        let name = format!("{directory}/ru_RU.{charset}");
        let made = ["--no-warnings=ascii", "-c", "-i", "ru_RU", "-f", charset, &name];
        // It warns of what ISO-8859-1 lacks.
        frozen.scene.call("/usr/bin/localedef", made).run();
        assert!(frozen.scene.path(&format!("locales/ru_RU.{charset}/LC_CTYPE")).exists(), "{charset}");
    }
    let mut shown = BTreeSet::new();
    for locale in ["C", "C.UTF-8", "ru_RU.ISO-8859-1", "ru_RU.KOI8-R"] {
        for line in ["-t uts -l -o COMMAND,TYPE", "-t uts -o COMMAND,TYPE"] {
            let [theirs, ours] = [frozen.their_lsns(line), frozen.lsns(line)].map(|call| {
                // Not all of it is UTF-8.
                let file = frozen.scene.path("printed");
                let call = call.env("LC_ALL", locale).env("LOCPATH", &directory);
                call.stdout(std::fs::File::create(&file).unwrap()).run();
                std::fs::read(file).unwrap()
            });
            assert!(theirs == ours, "lsns {line} ({locale})\n{}\n{}", theirs.escape_ascii(), ours.escape_ascii());
            shown.insert(ours);
        }
    }
    assert_eq!(shown.len(), 8, "each locale and form has characters of its own");
    frozen.end();
}

/// The same beside theirs where a build for musl can be, and what it shows where it cannot: it goes by the name of the
/// locale, and takes every code point to be a character but those that Unicode will never assign.
const MUSL: &str = r#"
export LC_ALL=C.UTF-8
run() { sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat' "$1" & settle uts $!; }
run $'gr\u00fc\u00dfe'
run $'\u0378|\ufffe'
until [[ $(pgrep -cx cat) == 2 ]]; do sleep 0.01; done
"#;

scene_test!(a_build_for_musl_goes_by_the_name_of_the_locale);
fn a_build_for_musl_goes_by_the_name_of_the_locale() {
    only_with_musl("what it shows");
    let frozen = Frozen::new(MUSL);
    let list = |variables: &[(&str, &str)]| {
        let call = frozen.lsns("-t uts -o COMMAND -n -l").env("LC_ALL", "");
        variables.iter().fold(call, |call, (name, value)| call.env(*name, *value)).ok()
    };
    for utf8 in ["C.UTF-8", "C.utf8", "de_DE.UTF-8", "xx_YY.utf8@x"] {
        for variable in ["LC_ALL", "LC_CTYPE", "LANG"] {
            let list = list(&[(variable, utf8)]);
            assert!(list.contains("grüße") && list.contains("\u{378}|\\xef\\xbf\\xbe"), "{variable}={utf8}\n{list}");
        }
    }
    for ascii in ["", "C", "POSIX", "de_DE", "de_DE.ISO-8859-1", "ja_JP.EUC-JP"] {
        for variables in [&[("LC_ALL", ascii)][..], &[("LC_CTYPE", ascii)], &[("LANG", ascii)]] {
            let list = list(variables);
            assert!(list.contains("gr\\xc3\\xbc\\xc3\\x9fe"), "{variables:?}\n{list}");
        }
    }
    // As in every program, the first of the three that is set and not empty.
    assert!(list(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")]).contains("gr\\xc3"));
    assert!(list(&[("LC_CTYPE", "C.UTF-8"), ("LANG", "C")]).contains("grüße"));
    frozen.end();
}
