//! The documents speak of what is there.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// README.md and docs/*.md.
fn documents() -> Vec<PathBuf> {
    let there = std::fs::read_dir(Path::new(ROOT).join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents = there.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let documents: Vec<PathBuf> = documents.chain([Path::new(ROOT).join("README.md")]).collect();
    assert!(documents.len() > 5, "the documents were not found");
    documents
}

/// Whatever stands between `open` and `close`.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

/// Paths within `src/` that a document names without it, like `flow/outbox` or `apps/proof`.
fn is_of_a_room(quoted: &str) -> bool {
    let is_path =
        quoted.contains('/') && quoted.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '/' | '_' | '.'));
    let room = quoted.split('/').next().unwrap_or_default();
    is_path && !room.is_empty() && Path::new(ROOT).join("src").join(room).is_dir()
}

#[test]
fn links_and_paths_in_documents_lead_somewhere() {
    let (mut astray, mut followed) = (Vec::new(), 0);
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let here = document.parent().unwrap();
        let links = between(&text, "](", ')').filter(|link| !link.contains("://") && !link.starts_with('#'));
        let links = links.map(|link| here.join(link.split('#').next().unwrap_or_default()));
        let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let paths = quoted.iter().filter(|path| path.starts_with("src/")).map(|path| Path::new(ROOT).join(path));
        // `config/` is a room and a folder beside them.
        let rooms = quoted.iter().filter(|path| is_of_a_room(path) && !Path::new(ROOT).join(path).exists());
        let rooms = rooms.map(|path| Path::new(ROOT).join("src").join(path));
        for path in links.chain(paths).chain(rooms) {
            followed += 1;
            if !path.exists() && !path.with_extension("rs").exists() {
                astray.push(format!("{} names {}", document.display(), path.display()));
            }
        }
    }
    assert!(followed > 50, "only {followed} links and paths were found");
    assert!(astray.is_empty(), "{astray:#?}");
}
