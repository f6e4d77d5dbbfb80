//! Reading a subject as tools print it: OpenSSL of all versions, and everything that follows RFC 2253 or RFC 4514.

use super::attribute::{canonical, dumped};
use std::iter::Peekable;
use std::str::Chars;

/// The attributes of `CN=B,O=A`, `O = "A, Co.", CN = B`, or `/O=A/CN=B`; `None` if the text is none of these.
pub(super) fn read(text: &str) -> Option<Vec<(String, String)>> {
    let text = trimmed(text);
    let text = text.strip_prefix("subject=").map_or(text, str::trim_start);
    match text.strip_prefix('/') {
        Some(rest) => slashed(rest),
        None => separated(text),
    }
}

/// Without what surrounds it, but with an escaped space at its end, which belongs to the last value.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.trim_ascii_end().len();
    let escapes = text[..end].ends_with('\\') && text[end..].starts_with(' ');
    &text[..end + usize::from(escapes)]
}

/// `CN=B,O=A`: attributes between commas and plus signs that are neither quoted nor escaped.
fn separated(text: &str) -> Option<Vec<(String, String)>> {
    let (mut chars, mut parts) = (text.chars().peekable(), Vec::new());
    loop {
        let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '=')).collect();
        // The equals sign, which a whole attribute has.
        chars.next()?;
        skip_spaces(&mut chars);
        let value = match chars.peek() {
            Some('"') => quoted(&mut chars)?,
            Some('#') => dumped(plain(&mut chars)?.strip_prefix('#')?)?,
            _ => plain(&mut chars)?,
        };
        parts.push(attribute(&name, value)?);
        match chars.next() {
            None => return Some(parts),
            Some(',' | '+') => {}
            // Something follows a closing quote.
            Some(_) => return None,
        }
    }
}

/// `/C=CN/O=A`, as OpenSSL printed before 1.1: a slash begins an attribute only where a name and an equals sign follow.
fn slashed(text: &str) -> Option<Vec<(String, String)>> {
    let mut parts: Vec<String> = Vec::new();
    for piece in text.split('/') {
        let begins = piece.split_once('=').is_some_and(|(name, _)| is_name(name));
        match parts.last_mut() {
            // OpenSSL 3 escapes a slash within a value, older ones do not.
            Some(before) if !begins || before.ends_with('\\') => {
                before.push('/');
                before.push_str(piece);
            }
            _ => parts.push(piece.to_owned()),
        }
    }
    let attributes = parts.iter().map(|part| {
        let (name, value) = part.split_once('=')?;
        attribute(name, bytes_of(value)?)
    });
    attributes.collect()
}

fn attribute(name: &str, value: String) -> Option<(String, String)> {
    let name = name.trim();
    (is_name(name) && !value.is_empty()).then(|| (canonical(name), value))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}

fn skip_spaces(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if_eq(&' ').is_some() {}
}

/// A value up to the next separator, without the spaces around it that are not escaped.
fn plain(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let (mut bytes, mut end) = (Vec::new(), 0);
    while let Some(c) = chars.next_if(|c| !matches!(c, ',' | '+')) {
        match c {
            '\\' => escaped(chars, &mut bytes)?,
            _ => push(&mut bytes, c),
        }
        if c != ' ' {
            end = bytes.len();
        }
    }
    bytes.truncate(end);
    String::from_utf8(bytes).ok()
}

/// A value between quotes, where separators stand for themselves.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut bytes = Vec::new();
    chars.next();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => escaped(chars, &mut bytes)?,
            c => push(&mut bytes, c),
        }
    }
    skip_spaces(chars);
    String::from_utf8(bytes).ok()
}

/// What follows a backslash: two hexadecimal digits are a byte of UTF-8, anything else is itself.
fn escaped(chars: &mut Peekable<Chars<'_>>, bytes: &mut Vec<u8>) -> Option<()> {
    let mut ahead = chars.clone();
    match ahead.next().zip(ahead.next()).and_then(byte) {
        Some(byte) => {
            bytes.push(byte);
            *chars = ahead;
        }
        None => push(bytes, chars.next()?),
    }
    Some(())
}

fn byte((high, low): (char, char)) -> Option<u8> {
    u8::try_from(high.to_digit(16)? << 4 | low.to_digit(16)?).ok()
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// A value of the form with slashes, which escapes bytes as `\xE5`, and in OpenSSL 3 slash and plus sign.
fn bytes_of(value: &str) -> Option<String> {
    let (mut chars, mut bytes) = (value.trim_end().chars(), Vec::new());
    while let Some(c) = chars.next() {
        let mut ahead = chars.clone();
        let mark = if c == '\\' { ahead.next() } else { None };
        let digits = if mark == Some('x') { ahead.next().zip(ahead.next()).and_then(byte) } else { None };
        match (digits, mark) {
            (Some(byte), _) => {
                bytes.push(byte);
                chars = ahead;
            }
            (None, Some('/' | '+')) => {}
            (None, _) => push(&mut bytes, c),
        }
    }
    String::from_utf8(bytes).ok()
}
