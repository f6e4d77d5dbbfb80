//! Where in a JSON text a member stands, so that a mistake is found without searching.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The line, from 1, on which the value at `path` begins; of the nearest member on the way where the path leads nowhere.
/// Steps of the path are names of members or places in arrays, from 0. `None` where the text is no JSON at all.
pub(super) fn line_of<'p>(text: &str, path: impl IntoIterator<Item = &'p str>) -> Option<usize> {
    let mut here: &RawValue = serde_json::from_str(text).ok()?;
    for step in path {
        match member(here, step) {
            Some(member) => here = member,
            None => break,
        }
    }
    // `here` is borrowed from `text`.
    let offset = here.get().as_ptr() as usize - text.as_ptr() as usize;
    Some(text[..offset].bytes().filter(|byte| *byte == b'\n').count() + 1)
}

fn member<'t>(value: &'t RawValue, step: &str) -> Option<&'t RawValue> {
    match value.get().as_bytes().first()? {
        b'{' => serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get()).ok()?.remove(step),
        b'[' => serde_json::from_str::<Vec<&RawValue>>(value.get()).ok()?.get(step.parse::<usize>().ok()?).copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_member_is_found_and_else_that_of_the_nearest() {
        let text = "{\n \"a\": {\n  \"b\": [1,\n   {\"c\": 2}]},\n \"d\": 3}";
        for (path, line) in [
            (&[][..], 1),
            (&["a"], 2),
            (&["a", "b"], 3),
            (&["a", "b", "1", "c"], 4),
            (&["a", "b", "7"], 3),
            (&["a", "x", "y"], 2),
            (&["d"], 5),
        ] {
            assert_eq!(line_of(text, path.iter().copied()), Some(line), "{path:?}");
        }
        assert_eq!(line_of("{", ["a"]), None);
    }
}
