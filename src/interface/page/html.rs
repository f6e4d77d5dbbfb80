//! Writing HTML: words in both languages, tables, code.

use crate::interface::Bilingual;

/// A page under construction. What comes as text is escaped here; what is HTML already says so in its name.
#[derive(Default)]
pub(super) struct Html {
    pub(super) body: String,
    /// The sections so far, for the list of contents.
    pub(super) sections: Vec<(String, Bilingual)>,
}

impl Html {
    /// Begins a section of the list of contents; [`Html::end`] ends it.
    pub(super) fn section(&mut self, id: &str, title: Bilingual) {
        self.sections.push((id.to_owned(), title));
        self.push(&format!("<section id=\"{id}\"><h2><a href=\"#{id}\">{}</a></h2>", words(title)));
    }

    /// Ends a section.
    pub(super) fn end(&mut self) {
        self.push("</section>");
    }

    /// A heading within a section.
    pub(super) fn heading(&mut self, title: Bilingual) {
        self.push(&format!("<h3>{}</h3>", words(title)));
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, text: Bilingual) {
        self.push(&format!("<p>{}</p>", words(text)));
    }

    /// A paragraph that must not be overlooked.
    pub(super) fn note(&mut self, text: Bilingual) {
        self.push(&format!("<p class=\"note\">{}</p>", words(text)));
    }

    /// A list; numbered where the order matters.
    pub(super) fn list(&mut self, is_ordered: bool, items: &[Bilingual]) {
        let tag = if is_ordered { "ol" } else { "ul" };
        let items: String = items.iter().map(|item| format!("<li>{}</li>", words(*item))).collect();
        self.push(&format!("<{tag}>{items}</{tag}>"));
    }

    /// A table. The cells are HTML already: of [`words`], [`code`] or [`escape`].
    pub(super) fn table<const N: usize>(
        &mut self,
        class: &str,
        head: [Bilingual; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        self.push(&format!("<div class=\"table\"><table class=\"{class}\"><thead><tr>"));
        head.iter().for_each(|title| self.push(&format!("<th>{}</th>", words(*title))));
        self.push("</tr></thead><tbody>");
        for row in rows {
            self.push("<tr>");
            row.iter().for_each(|cell| self.push(&format!("<td>{cell}</td>")));
            self.push("</tr>");
        }
        self.push("</tbody></table></div>");
    }

    /// A block of code under a title.
    pub(super) fn block(&mut self, title: Bilingual, text: &str) {
        self.block_of_html(title, &escape(text));
    }

    /// A block of JSON, its names and values told apart by colour.
    pub(super) fn json(&mut self, title: Bilingual, value: &serde_json::Value) {
        // A JSON value can always be written as JSON.
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.block_of_html(title, &coloured(&text));
    }

    fn block_of_html(&mut self, title: Bilingual, html: &str) {
        self.push(&format!("<figure><figcaption>{}</figcaption><pre><code>{html}</code></pre></figure>", words(title)));
    }

    pub(super) fn push(&mut self, html: &str) {
        self.body.push_str(html);
    }
}

/// Words in both languages; the page shows one of them.
pub(super) fn words(text: Bilingual) -> String {
    if text.zh == text.en {
        return inline(text.zh);
    }
    format!(
        "<span class=\"zh\" lang=\"zh-CN\">{}</span><span class=\"en\" lang=\"en\">{}</span>",
        inline(text.zh),
        inline(text.en)
    )
}

/// A name or a value as code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// A small mark beside a name.
pub(super) fn badge(class: &str, text: Bilingual) -> String {
    format!("<span class=\"badge {class}\">{}</span>", words(text))
}

/// Text that cannot be taken for HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escaped text; what stands between backticks is code, between double asterisks it is strong.
fn inline(text: &str) -> String {
    let escaped = escape(text);
    let coded = alternate(&escaped, "`", "code");
    alternate(&coded, "**", "strong")
}

fn alternate(text: &str, mark: &str, tag: &str) -> String {
    let parts: Vec<&str> = text.split(mark).collect();
    // A mark without its second stays as it is.
    if parts.len().is_multiple_of(2) {
        return text.to_owned();
    }
    let mut html = String::with_capacity(text.len());
    for (at, part) in parts.iter().enumerate() {
        match at % 2 {
            0 => html.push_str(part),
            _ => html.push_str(&format!("<{tag}>{part}</{tag}>")),
        }
    }
    html
}

/// JSON as `serde_json` lays it out, a member a line, coloured.
fn coloured(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        match rest.split_once("\": ") {
            Some((name, value)) if rest.starts_with('"') => {
                format!("{indent}<b>{}&quot;</b>: {}", escape(name), coloured_value(value))
            }
            _ => format!("{indent}{}", coloured_value(rest)),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn coloured_value(value: &str) -> String {
    match value.starts_with('"') {
        true => {
            let (string, comma) = value.strip_suffix(',').map_or((value, ""), |string| (string, ","));
            format!("<i>{}</i>{comma}", escape(string))
        }
        false => escape(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::bilingual::both;

    #[test]
    fn what_comes_from_a_dictionary_is_escaped() {
        assert_eq!(words(both("a<b", "a<b")), "a&lt;b");
        assert_eq!(code("\"&\""), "<code>&quot;&amp;&quot;</code>");
        let mut html = Html::default();
        html.json(both("t", "t"), &serde_json::json!({"<k>": "a\": <b>", "n": [1]}));
        assert!(
            html.body.contains("<b>&quot;&lt;k&gt;&quot;</b>: <i>&quot;a\\&quot;: &lt;b&gt;&quot;</i>"),
            "{}",
            html.body
        );
        assert!(!html.body.contains("<k>"));
    }

    #[test]
    fn marks_are_read_in_pairs() {
        assert_eq!(inline("the `a` and **b**"), "the <code>a</code> and <strong>b</strong>");
        assert_eq!(inline("one ` alone"), "one ` alone");
    }
}
