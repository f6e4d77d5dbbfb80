//! The walk-through of failures in README.md, run to the letter: its commands, held against what the text says they print.

use super::DemoError;
use crate::lab::Scratch;
use regex::Regex;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

const README: &str = include_str!("../../README.md");
const SECTION: &str = "\n## When something fails\n";
/// Stands in the text for whatever is another each time.
const ANYTHING: char = '…';

/// A block of commands, and the block after it: what they print.
#[derive(Debug, PartialEq, Eq)]
struct Step<'a> {
    commands: &'a str,
    prints: Option<&'a str>,
}

/// The steps of the walk-through in a document.
fn steps(document: &str) -> Vec<Step<'_>> {
    let section = document.split_once(SECTION).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<Step<'_>> = Vec::new();
    // What is between blocks and what is in them take turns.
    for block in section.split("```").skip(1).step_by(2) {
        match (block.split_once('\n'), steps.last_mut()) {
            (Some(("sh", commands)), _) => steps.push(Step { commands, prints: None }),
            (Some((_, prints)), Some(step)) => step.prints = Some(prints),
            _ => {}
        }
    }
    steps
}

/// Whether a text was printed as the document says.
fn is_as_said(said: &str, printed: &str) -> bool {
    let pieces: Vec<String> = said.trim_end().split(ANYTHING).map(regex::escape).collect();
    let pattern = Regex::new(&format!(r"(?s)\A{}\z", pieces.join(".*")));
    pattern.is_ok_and(|pattern| pattern.is_match(printed.trim_end()))
}

/// Runs the walk-through against the demo in `folder`, and shows it.
pub(super) async fn play(folder: &Path) -> Result<(), DemoError> {
    let place = Scratch::new(folder, "walkthrough")?;
    furnish(place.path(), folder).map_err(|reason| DemoError::Folder { path: place.path().to_owned(), reason })?;
    for step in steps(README) {
        println!();
        step.commands.lines().for_each(|line| println!("$ {line}"));
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-ec", step.commands]).current_dir(place.path()).kill_on_drop(true);
        let run = shell.stdin(Stdio::null()).stderr(Stdio::inherit()).output().await;
        let run = run.map_err(|reason| DemoError::Folder { path: "sh".into(), reason })?;
        let printed = String::from_utf8_lossy(&run.stdout);
        print!("{printed}");
        if !run.status.success() || step.prints.is_some_and(|said| !is_as_said(said, &printed)) {
            return Err(DemoError::Untrue {
                commands: step.commands.trim_end().to_owned(),
                status: run.status,
                printed: printed.into_owned(),
                expected: step.prints.unwrap_or_default().to_owned(),
            });
        }
    }
    Ok(())
}

/// Makes `place` look like the folder that the reader stands in: with this program and this demo at the names of the text.
fn furnish(place: &Path, demo: &Path) -> std::io::Result<()> {
    for folder in ["target/release", ".run"] {
        std::fs::create_dir_all(place.join(folder))?;
    }
    symlink(std::env::current_exe()?, place.join("target/release/sesame"))?;
    symlink(demo, place.join(".run/demo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_what_they_print_are_read_from_the_text() {
        let text = "# a\n```sh\nno\n```\n## When something fails\n\nLook:\n\n```sh\nlist\nshow\n```\n\n```text\none …\n```\n\
                    Then `mend`:\n\n```sh\nmend\n```\n\n## Next\n```sh\nno\n```\n";
        let expected =
            [Step { commands: "list\nshow\n", prints: Some("one …\n") }, Step { commands: "mend\n", prints: None }];
        assert_eq!(steps(text), expected);
    }

    #[test]
    fn what_is_printed_is_held_against_the_text() {
        assert!(is_as_said("no (a)\n… end\n", "no (a)\n12:30 end\n"));
        assert!(is_as_said("first\n…\nlast", "first\na\nb\nlast\n"));
        assert!(!is_as_said("first\nlast\n", "first\na\nlast\n"), "what is left out is marked");
        assert!(!is_as_said("no failures\n", ""));
    }

    #[test]
    fn the_readme_lists_mends_and_replays() {
        let steps = steps(README);
        for word in ["failures list", "failures show", "failures replay", "demo restart", "dataset check"] {
            assert!(steps.iter().any(|step| step.commands.contains(word)), "{word}");
        }
        assert!(steps.iter().filter(|step| step.prints.is_some()).count() >= 3, "{steps:?}");
    }
}
