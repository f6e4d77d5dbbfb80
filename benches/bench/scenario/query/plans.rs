//! docs/query-plans.md: the plan of every query, written by this program, never by hand.

use super::cases;
use super::draw::Draw;
use crate::document::replace;
use anyhow::Result;
use sesame::store::Store;
use std::fmt::Write;

const BEGIN: &str = "<!-- plans: written by make bench ARGS=\"--only=query --plans\" -->";
const END: &str = "<!-- end of plans -->";
const DOCUMENT: &str = "docs/query-plans.md";

/// Writes the plans of all cases into the document, under a line that says when and on what they were made.
pub async fn write(store: &Store, draw: &mut Draw, heading: &str) -> Result<()> {
    let mut plans = format!("{heading}.\n");
    for case in cases::all() {
        let told = (case.ask)(draw).explain(store).await?;
        write!(plans, "\n### {}\n\n```\n{}\n```\n", case.name, condensed(&told))?;
    }
    replace(DOCUMENT, BEGIN, END, &plans)?;
    println!("wrote {DOCUMENT}");
    Ok(())
}

/// A node of a plan: its line, the lines about it, and what it reads from.
#[derive(Default)]
struct Node {
    lines: Vec<String>,
    children: Vec<Node>,
}

/// Plans without repetition: of siblings that differ in the month alone, the first stands for all.
fn condensed(told: &str) -> String {
    let mut out = String::new();
    for part in told.split("\n\n") {
        if part.starts_with("SELECT") || part.starts_with("WITH") {
            let _ = writeln!(out, "{part}\n");
            continue;
        }
        let lines: Vec<&str> = part.lines().filter(|line| !line.starts_with("Planning")).collect();
        let mut at = 0;
        let root = read(&lines, &mut at, 0);
        print(&root, &mut out);
        out.push('\n');
    }
    out.trim_end().to_owned()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Reads the node at `at`, whose line is indented by `depth`, and everything below it.
fn read(lines: &[&str], at: &mut usize, depth: usize) -> Node {
    let mut node = Node::default();
    while let Some(line) = lines.get(*at) {
        let is_child = line.trim_start().starts_with("->") && !node.lines.is_empty();
        if is_child && indent(line) > depth {
            let below = indent(line);
            node.children.push(read(lines, at, below));
        } else if !node.lines.is_empty() && (is_child || indent(line) < depth) {
            break;
        } else {
            node.lines.push((*line).to_owned());
            *at += 1;
        }
    }
    node
}

/// What siblings have in common: the words without months and measurements.
fn likeness(node: &Node) -> String {
    let mut text: String = node.lines.iter().map(|line| line.split(" (actual").next().unwrap_or(line)).collect();
    text.retain(|c| !c.is_ascii_digit());
    text + &node.children.iter().map(likeness).collect::<String>()
}

fn print(node: &Node, out: &mut String) {
    for line in &node.lines {
        let _ = writeln!(out, "{line}");
    }
    let mut rest = node.children.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let alike = others.iter().take_while(|other| likeness(other) == likeness(first)).count();
        print(first, out);
        if alike > 0 {
            let pad = " ".repeat(first.lines.first().map_or(0, |line| indent(line)));
            let _ = writeln!(out, "{pad}(and {alike} more like it)");
        }
        rest = &others[alike..];
    }
}
