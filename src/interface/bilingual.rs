//! Words in both languages of the documents.

/// The same words in Chinese and in English. Backticks mark code, as in Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bilingual {
    /// Chinese: the text that counts.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// Words in both languages.
pub(super) const fn both(zh: &'static str, en: &'static str) -> Bilingual {
    Bilingual { zh, en }
}

impl Bilingual {
    /// One line: Chinese first.
    pub(super) fn line(self) -> String {
        format!("{} {}", self.zh, self.en)
    }

    /// Two paragraphs of Markdown: Chinese first.
    pub(super) fn paragraphs(self) -> String {
        format!("{}\n\n{}", self.zh, self.en)
    }
}
