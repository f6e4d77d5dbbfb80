//! A dictionary of one's own in a folder, to be changed while a node works by it.

use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A folder with the files that ship with sesame.
pub struct Datasets {
    folder: TempDir,
}

impl Datasets {
    pub fn shipped() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/datasets")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The settings that name it.
    pub fn settings(&self) -> String {
        format!("[dictionary]\ndatasets = {:?}\n", self.path())
    }

    /// Changes the file of a dataset.
    pub fn change(&self, busicode: &str, change: impl FnOnce(&mut Value)) {
        let path = self.path().join(format!("{busicode}.json"));
        let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut schema);
        std::fs::write(path, serde_json::to_string_pretty(&schema).unwrap()).unwrap();
    }

    /// Refuses remarks (BZ) of 007 that hold a word.
    pub fn refuse_remarks_with(&self, word: &str) {
        self.change("007", |schema| {
            schema["properties"]["BZ"]["pattern"] = format!("^[^{word}]*$").into();
            schema["properties"]["BZ"]["x-expect"] = format!("不含“{word}”").into();
            schema["x-version"] = "3".into();
        });
    }
}
