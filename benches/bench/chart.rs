//! The chart of docs/performance.md: what each subject persists a second, with the spread over the rounds, as SVG.

use crate::report::Comparison;
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 150.0;
const BAR_WIDTH: f64 = 430.0;
const BAR: f64 = 22.0;
const GAP: f64 = 10.0;
const HEAD: f64 = 44.0;

/// One panel below the other, a bar for each subject.
pub fn svg(comparisons: &[Comparison]) -> String {
    let mut panels = String::new();
    let mut top = 8.0;
    for comparison in comparisons {
        panel(&mut panels, comparison, top);
        top += HEAD + comparison.subjects().len() as f64 * (BAR + GAP) + GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{top}\" fill=\"white\"/>\n{panels}</svg>\n"
    )
}

fn panel(out: &mut String, comparison: &Comparison, top: f64) {
    let spreads: Vec<_> = comparison
        .subjects()
        .into_iter()
        .map(|subject| (subject, comparison.spread(subject, |run| run.records_per_second)))
        .collect();
    let most = spreads.iter().map(|(_, spread)| spread.most).fold(1.0, f64::max);
    let floor = comparison.strongest_floor();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{}: records persisted a second</text>\n\
         <text x=\"8\" y=\"{}\" fill=\"#666\" font-size=\"11\">{}</text>",
        top + 14.0,
        comparison.name,
        top + 30.0,
        comparison.load
    );
    for (at, (subject, spread)) in spreads.iter().enumerate() {
        let y = top + HEAD + at as f64 * (BAR + GAP);
        let x = |value: f64| LEFT + value / most * BAR_WIDTH;
        let middle = y + BAR / 2.0;
        let colour = if comparison.of(subject).all(|run| run.floor) { "#9aa5b1" } else { "#2b6cb0" };
        let ratio = match comparison.ratio(subject) {
            Some(_) if Some(*subject) == floor => " = the floor".to_owned(),
            Some(ratio) => format!(" = {:.2}", ratio.median),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{subject}</text>\n\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\n\
             <line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\" stroke=\"black\" stroke-width=\"1.5\"/>\n\
             <text x=\"{:.1}\" y=\"{}\">{:.0}{ratio}</text>",
            LEFT - 8.0,
            middle + 4.5,
            spread.median / most * BAR_WIDTH,
            x(spread.least),
            x(spread.most),
            x(spread.most) + 8.0,
            middle + 4.5,
            spread.median,
        );
    }
}
