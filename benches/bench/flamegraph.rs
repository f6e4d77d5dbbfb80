//! Samples of call stacks, folded into a tree and drawn: a frame is as wide as the part of all samples it was seen in.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A frame with those it called.
#[derive(Default)]
pub struct Frame {
    /// Samples in which it was on the stack.
    pub samples: u64,
    /// By name.
    pub callees: BTreeMap<String, Frame>,
}

impl Frame {
    /// Folds what `perf script` prints: stacks from the innermost frame outwards, parted by empty lines.
    pub fn fold(script: &str) -> Self {
        let mut root = Frame::default();
        for sample in script.split("\n\n") {
            let mut frames = sample.lines().filter(|line| line.starts_with([' ', '\t'])).filter_map(symbol).peekable();
            if frames.peek().is_none() {
                continue;
            }
            let stack: Vec<&str> = frames.collect();
            root.samples += 1;
            let mut at = &mut root;
            for name in stack.into_iter().rev() {
                at = at.callees.entry(name.to_owned()).or_default();
                at.samples += 1;
            }
        }
        root
    }

    /// Samples by function, wherever it was on the stack, the most first. A function that calls itself counts once.
    pub fn inclusive(&self) -> Vec<(String, u64)> {
        let mut totals = BTreeMap::new();
        self.add_to(&mut totals, &mut Vec::new());
        ranked(totals)
    }

    /// Samples by function at the end of the stack, the most first.
    pub fn exclusive(&self) -> Vec<(String, u64)> {
        let mut totals = BTreeMap::new();
        self.add_own_to(&mut totals);
        ranked(totals)
    }

    fn add_own_to(&self, totals: &mut BTreeMap<String, u64>) {
        for (name, callee) in &self.callees {
            let called: u64 = callee.callees.values().map(|callee| callee.samples).sum();
            *totals.entry(name.clone()).or_default() += callee.samples - called;
            callee.add_own_to(totals);
        }
    }

    fn add_to<'a>(&'a self, totals: &mut BTreeMap<String, u64>, above: &mut Vec<&'a str>) {
        for (name, callee) in &self.callees {
            if !above.contains(&name.as_str()) {
                *totals.entry(name.clone()).or_default() += callee.samples;
            }
            above.push(name);
            callee.add_to(totals, above);
            above.pop();
        }
    }

    fn depth(&self) -> usize {
        self.callees.values().map(|callee| callee.depth() + 1).max().unwrap_or(0)
    }

    /// As SVG; what is narrower than a pixel is left out.
    pub fn svg(&self, title: &str) -> String {
        let height = (self.depth() + 2) as f64 * ROW;
        let mut frames = String::new();
        self.draw(&mut frames, 0.0, height - ROW, WIDTH / self.samples.max(1) as f64);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"10\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/><text x=\"4\" y=\"12\">{title}: {} samples</text>\n{frames}</svg>\n",
            self.samples
        )
    }

    fn draw(&self, out: &mut String, left: f64, y: f64, scale: f64) {
        let mut x = left;
        for (name, callee) in &self.callees {
            let width = callee.samples as f64 * scale;
            if width >= 1.0 {
                let room = (width / 6.2) as usize;
                let shown: String = name.chars().take(room).collect();
                let (name, shown) = (escaped(name), escaped(&shown));
                let colour = ["#f6ad55", "#ed8936", "#fbd38d", "#f6e05e"][name.len() % 4];
                // Writing to a String cannot fail.
                let _ = writeln!(
                    out,
                    "<g><title>{name} ({} samples)</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" \
                     fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{}\">{shown}</text></g>",
                    callee.samples,
                    ROW - 1.0,
                    x + 2.0,
                    y + 11.0
                );
                callee.draw(out, x, y - ROW, scale);
            }
            x += width;
        }
    }
}

fn ranked(totals: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut ranked: Vec<(String, u64)> = totals.into_iter().collect();
    ranked.sort_by_key(|(_, samples)| std::cmp::Reverse(*samples));
    ranked
}

const WIDTH: f64 = 1600.0;
const ROW: f64 = 15.0;

/// `  55d0c7e1  sesame::flow::persist (/path/sesame)` without address, place and hash.
fn symbol(line: &str) -> Option<&str> {
    let (_, named) = line.trim_start().split_once(' ')?;
    let name = named.rsplit_once(" (").map_or(named, |(name, _)| name);
    Some(name.split_once("+0x").map_or(name, |(name, _)| name))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
