//! Texts that identify a record.

/// Whether the text can be part of a primary key: not blank, and free of control characters, which no one sees and
/// one of which separates the parts of a key.
pub fn is_identifier(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_part_is_visible_text() {
        for text in ["梯11宁A00123(18)", "济市监处罚〔2025〕12号", "车11沪00012（22）", "A 1"] {
            assert!(is_identifier(text), "{text}");
        }
        for text in ["", " ", "\u{3000}", "A\u{1f}B", "A\nB", "A\u{7f}"] {
            assert!(!is_identifier(text), "{text:?}");
        }
    }
}
