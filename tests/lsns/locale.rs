//! Which characters a locale has: ours beside the installed one, in locales that their names do not tell everything of.

use std::path::Path;

use crate::common::{Frozen, skip};

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

#[test]
fn locales_are_found_as_theirs_finds_them() {
    let utf8 = Path::new("/usr/lib/locale/C.utf8");
    if !utf8.exists() {
        return skip("there is no C.utf8 to make locales of");
    }
    let Some(frozen) = Frozen::new(SCENE) else {
        return;
    };
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
