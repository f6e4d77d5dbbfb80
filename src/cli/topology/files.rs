//! Which settings files `--config` means.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// A file stands for itself; a folder for the `*.toml` in it, and the `node.toml` in each folder in it.
pub(super) fn settings_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut found = Vec::new();
        for entry in entries(path)? {
            let within = entry.join("node.toml");
            if within.is_file() {
                found.push(within);
            } else if entry.is_file() && entry.extension().is_some_and(|extension| extension == "toml") {
                found.push(entry);
            }
        }
        if found.is_empty() {
            bail!("{} holds no settings: neither *.toml nor */node.toml", path.display());
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    paths.collect::<std::io::Result<_>>().with_context(|| format!("cannot read {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_the_settings_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(settings_files(&[folder.path().to_owned()]).is_err());
        for name in ["370200", "370203", "empty"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        for name in ["370203/node.toml", "370203/other.toml", "370200/node.toml", "370000.toml", "secret.key"] {
            std::fs::write(at(name), "").unwrap();
        }
        let found = settings_files(&[folder.path().to_owned(), PathBuf::from("single.toml")]).unwrap();
        assert_eq!(found, [at("370000.toml"), at("370200/node.toml"), at("370203/node.toml"), "single.toml".into()]);
    }
}
