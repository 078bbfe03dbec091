//! --style: tables with lines around their cells.

use crate::common::{Ending, Frozen, on_purpose};
use crate::terminal::shown;

const SCENE: &str = r#"
unshare -u sleep 1001 & A=$!; settle uts $A; started $A
for file in one 'a|b,c'; do : >"/mnt/$file"; mount --bind /proc/$A/ns/uts "/mnt/$file"; done
UTS=$(inode /proc/$A/ns/uts); OUTER=$(inode /proc/self/ns/uts)
tell A UTS OUTER
"#;

scene_test!(a_table_is_drawn_in_each_style);
fn a_table_is_drawn_in_each_style() {
    on_purpose("--style");
    let frozen = Frozen::new(SCENE);
    let lsns = |style: &str, locale: &str| {
        let args = frozen.expand(&format!("-l -t uts -o NS,TYPE,NSFS --style {style} -Q NS==$UTS"));
        frozen.lsns(&args).env("LC_ALL", locale).ok()
    };
    let rounded = "\
╭────────────┬──────┬────────────╮
│         NS ┆ TYPE ┆ NSFS       │
╞════════════╪══════╪════════════╡
│ $UTS ┆ uts  ┆ /mnt/one   │
│            ┆      ┆ /mnt/a|b,c │
╰────────────┴──────┴────────────╯
";
    let ascii = "\
+------------+------+------------+
|         NS | TYPE | NSFS       |
+================================+
| $UTS | uts  | /mnt/one   |
|            |      | /mnt/a|b,c |
+------------+------+------------+
";
    let markdown = "\
|         NS | TYPE | NSFS                    |
|------------|------|-------------------------|
| $UTS | uts  | /mnt/one<br>/mnt/a\\|b,c |
";
    assert_eq!(lsns("rounded", "C.UTF-8"), frozen.expand(rounded));
    assert_eq!(lsns("ascii", "C.UTF-8"), frozen.expand(ascii));
    assert_eq!(lsns("rounded", "C"), frozen.expand(ascii));
    assert_eq!(lsns("markdown", "C"), frozen.expand(markdown));
    assert_eq!(lsns("plain", "C"), frozen.lsns(&frozen.expand("-l -t uts -o NS,TYPE,NSFS -Q NS==$UTS")).ok());
    // A tree, no headings, no rows.
    let tree = frozen.lsns(&frozen.expand("-n --style ascii -t uts -o PID,COMMAND -Q PID==1||PID==$A")).ok();
    assert!(tree.contains("| `-sleep 1001") && !tree.contains("COMMAND"), "{tree}");
    assert_eq!(frozen.lsns("--style rounded -t uts -Q PID==77").ok(), "");
    frozen.end();
}

scene_test!(on_a_terminal_long_cells_wrap_within_their_columns);
fn on_a_terminal_long_cells_wrap_within_their_columns() {
    on_purpose("--style");
    let frozen = Frozen::new(
        r#"
sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat' "$(printf 'word%.0s ' {1..40})$(printf 'x%.0s' {1..100})" &
sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat' $'\e[2J|more\tof it' &
until [[ $(pgrep -cx cat) == 2 ]]; do sleep 0.01; done
"#,
    );
    let args = "-l -n --style ascii -t uts -o NS,PID,COMMAND";
    let text = shown(frozen.lsns(args), 60, "C");
    assert!(text.lines().all(|line| line.len() == 60), "{text}");
    let words: usize = text.lines().map(|line| line.matches("word").count()).sum();
    assert!(words == 40 && text.contains("\\x1b[2J|more\\x09of it"), "{text}");
    // Neither cut where it is no terminal, nor where nothing is to be.
    for long in [frozen.lsns(args).ok(), shown(frozen.lsns(&format!("{args} -u")), 60, "C")] {
        assert!(long.lines().all(|line| line.len() > 300), "{long}");
    }
    // A row of Markdown is one line.
    let markdown = shown(frozen.lsns(&args.replace("ascii", "markdown")), 60, "C");
    assert!(markdown.lines().all(|line| line.starts_with('|') && line.ends_with('|')), "{markdown}");
    frozen.end();
}

scene_test!(what_is_no_table_has_no_style);
fn what_is_no_table_has_no_style() {
    on_purpose("--style");
    let frozen = Frozen::new("");
    for (args, said) in [
        ("--style=ascii -J", "mutually exclusive arguments: --json --style"),
        ("-r --style=plain", "mutually exclusive arguments: --raw --style"),
        ("--style=round", "unsupported style: round"),
        ("--style", "option '--style' requires an argument"),
    ] {
        let outcome = frozen.lsns(args).run();
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{args}");
        assert!(outcome.stderr.starts_with(&format!("lsns: {said}\n")), "{args}: {outcome:?}");
    }
    frozen.end();
}
