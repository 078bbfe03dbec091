//! The Chinese pages show the same sessions and commands as the English ones.
//!
//! `NSKIT_WRITE=1` takes them over from there.

use crate::{concerns_ours, project, read};

/// The fenced blocks of a page, each with its fences.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push([&[line], body.as_slice(), &["```"]].concat().join("\n"));
        }
    }
    blocks
}

scene_test!(translated_pages_have_the_same_blocks_of_code);
fn translated_pages_have_the_same_blocks_of_code() {
    concerns_ours();
    for (original, translation) in
        [("README.md", "README.zh-CN.md"), ("docs/walkthrough.md", "docs/walkthrough.zh-CN.md")]
    {
        let text = read(&project(translation));
        let (wanted, found) = (blocks(&read(&project(original))), blocks(&text));
        assert_eq!(wanted.len(), found.len(), "blocks of {original} and {translation}");
        if std::env::var_os("NSKIT_WRITE").is_some() {
            let (mut out, mut rest) = (String::new(), text.as_str());
            for (wanted, found) in wanted.iter().zip(&found) {
                let (before, after) = rest.split_once(found.as_str()).unwrap();
                out += before;
                out += wanted;
                rest = after;
            }
            std::fs::write(project(translation), out + rest).unwrap();
        } else {
            for (wanted, found) in wanted.iter().zip(&found) {
                assert_eq!(wanted, found, "{translation}");
            }
        }
    }
}
