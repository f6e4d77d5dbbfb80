//! The data dictionary as a whole: every dataset by its business code, and the code lists.

use super::catalogue::Catalogue;
use super::codelist::{self, CodeLists};
use super::definition::Dataset;
use super::error::{DictionaryError, DictionaryErrors, InFile};
use super::reading;
use super::references::References;
use crate::standard::code::BusinessCode;
use crate::standard::region::RegionTable;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// The files that ship with sesame.
const BUILTIN: [(&str, &str); 11] = [
    ("001.json", include_str!("../../config/datasets/001.json")),
    ("002.json", include_str!("../../config/datasets/002.json")),
    ("003.json", include_str!("../../config/datasets/003.json")),
    ("004.json", include_str!("../../config/datasets/004.json")),
    ("005.json", include_str!("../../config/datasets/005.json")),
    ("006.json", include_str!("../../config/datasets/006.json")),
    ("007.json", include_str!("../../config/datasets/007.json")),
    ("008.json", include_str!("../../config/datasets/008.json")),
    ("009.json", include_str!("../../config/datasets/009.json")),
    ("010.json", include_str!("../../config/datasets/010.json")),
    ("011.json", include_str!("../../config/datasets/011.json")),
];

const BUILTIN_CODELISTS: &str = include_str!("../../config/datasets/codelists.json");

/// Every dataset by its business code, and the code lists they name.
#[derive(Debug)]
pub struct Dictionary {
    datasets: BTreeMap<BusinessCode, Dataset>,
    codelists: CodeLists,
}

impl Dictionary {
    /// The dictionary that ships with sesame: the eleven business codes of table 2.
    pub fn builtin() -> Self {
        // Tests parse the same files, so a build that passes its tests cannot fail here.
        let references = References::new(Arc::new(RegionTable::builtin()), Catalogue::builtin());
        Self::parse(BUILTIN, BUILTIN_CODELISTS, &references).expect("the built-in dictionary is well-formed")
    }

    /// The files that ship with sesame, by name: what [`Dictionary::load`] reads, once they lie in a directory.
    pub fn builtin_files() -> impl Iterator<Item = (&'static str, &'static str)> {
        BUILTIN.into_iter().chain([(codelist::FILE_NAME, BUILTIN_CODELISTS)])
    }

    /// Reads a directory of files like `001.json`, one for each business code, and `codelists.json`; and
    /// `equipment_catalogue.csv`, where it is there. Other files are left alone.
    ///
    /// # Errors
    /// The mistakes of all files at once; those of datasets once the code lists they name can be read.
    pub fn load(directory: &Path, regions: &Arc<RegionTable>) -> Result<Self, DictionaryErrors> {
        let mut files = read_directory(directory)?;
        let catalogue = match read_catalogue(directory)? {
            Some(text) => Catalogue::parse(CATALOGUE, &text).map_err(DictionaryErrors::from),
            None => Ok(Catalogue::builtin()),
        };
        let codelists = match files.remove(codelist::FILE_NAME) {
            Some(text) if !files.is_empty() => text,
            _ => return Err(DictionaryError::Empty { path: directory.to_owned() }.into()),
        };
        let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        match catalogue {
            Ok(catalogue) => Self::parse(files, &codelists, &References::new(regions.clone(), catalogue)),
            // What else is wrong is told too, held against the catalogue that ships.
            Err(DictionaryErrors(mut wrong)) => {
                let others = Self::parse(files, &codelists, &References::new(regions.clone(), Catalogue::builtin()));
                wrong.extend(others.err().into_iter().flat_map(|DictionaryErrors(mistakes)| mistakes));
                Err(DictionaryErrors(wrong))
            }
        }
    }

    fn parse<'t>(
        files: impl IntoIterator<Item = (&'t str, &'t str)>,
        codelists: &str,
        references: &References,
    ) -> Result<Self, DictionaryErrors> {
        // Without the lists every coded field would be a mistake.
        let codelists = CodeLists::parse(codelists).map_err(DictionaryErrors)?;
        let (mut datasets, mut wrong) = (BTreeMap::new(), Vec::new());
        for (name, text) in files {
            match reading::read(InFile { name, text }, &codelists, references) {
                Ok(dataset) => drop(datasets.insert(dataset.code(), dataset)),
                Err(mistakes) => wrong.extend(mistakes),
            }
        }
        if wrong.is_empty() { Ok(Self { datasets, codelists }) } else { Err(DictionaryErrors(wrong)) }
    }

    /// The dataset of a business code; `None` for a code that no file describes.
    pub fn get(&self, code: BusinessCode) -> Option<&Dataset> {
        self.datasets.get(&code)
    }

    /// Every dataset, in order of the codes.
    pub fn datasets(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.values()
    }

    /// The code lists.
    pub fn codelists(&self) -> &CodeLists {
        &self.codelists
    }
}

/// The equipment catalogue, where a directory has its own.
const CATALOGUE: &str = "equipment_catalogue.csv";

fn read_catalogue(directory: &Path) -> Result<Option<String>, DictionaryError> {
    let path = directory.join(CATALOGUE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DictionaryError::Unreadable { path, source }),
    }
}

/// The JSON files of a directory by name.
fn read_directory(directory: &Path) -> Result<BTreeMap<String, String>, DictionaryError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| DictionaryError::Unreadable { path, source }
    };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).map_err(unreadable(directory))? {
        let path = entry.map_err(unreadable(directory))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            let name = path.display().to_string();
            let file = InFile { name: &name, text: "" };
            return Err(file.wrong("file name", "the name is not UTF-8", "name it like 001.json"));
        };
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        files.insert(name.to_owned(), text);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::field::{Kind, ListMode};

    fn code(text: &str) -> BusinessCode {
        BusinessCode::parse(text).unwrap()
    }

    /// The directory of the files that are compiled in, as an operator would have it.
    fn shipped() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("config/datasets")
    }

    #[test]
    fn table_2_is_covered_and_every_record_has_the_common_fields() {
        let dictionary = Dictionary::builtin();
        let codes: Vec<_> = dictionary.datasets().map(|dataset| dataset.code().number()).collect();
        assert_eq!(codes, (1..=11).collect::<Vec<_>>());
        let sizes: Vec<_> = dictionary.datasets().map(|dataset| dataset.fields().len()).collect();
        assert_eq!(sizes, [25, 24, 35, 27, 29, 30, 28, 29, 24, 29, 32]);
        for dataset in dictionary.datasets() {
            assert_eq!((dataset.region_field(), dataset.time_field()), ("XZQHDM", "SJGXSJ"));
            assert!(!dataset.accept_valid() && dataset.is_provisional() && dataset.version() == "2");
            let last: Vec<_> = dataset.fields().iter().rev().take(5).map(|field| field.id.as_str()).collect();
            assert_eq!(last, ["BZ", "SCBZ", "SJGXSJ", "SJLYDWDM", "XZQHDM"], "{dataset:?}");
            assert!(dataset.field("SCBZ").unwrap().server_kept);
        }
    }

    #[test]
    fn primary_keys_are_those_of_the_dictionary() {
        let dictionary = Dictionary::builtin();
        let key = |text: &str| dictionary.get(code(text)).unwrap().key().join("+");
        let keys: Vec<_> = (1..=11).map(|n| key(&format!("{n:03}"))).collect();
        let expected = [
            "XKZBH",
            "ZSBH+XMDH",
            "SYDJZBH",
            "JYJGDM+BGBH",
            "WBDWDM+WBJLBH",
            "CSJGDM+CSBGBH",
            "JCJLBH",
            "CFWSH+XDRXH",
            "XYJLBH",
            "ZHBH",
            "SGBH",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn every_field_says_what_it_holds_and_every_code_list_is_used() {
        let dictionary = Dictionary::builtin();
        let fields: Vec<_> = dictionary.datasets().flat_map(Dataset::fields).collect();
        for field in &fields {
            assert!(!field.title.is_empty() && !field.source.is_empty() && field.max_len.is_some(), "{field:?}");
            assert!(field.kind == Kind::Text || field.expects.is_some() || field.codelist.is_some(), "{field:?}");
        }
        for (name, _) in dictionary.codelists().iter() {
            assert!(fields.iter().any(|field| field.codelist.as_ref().is_some_and(|used| used.name == name)), "{name}");
        }
        let advisory =
            fields.iter().filter(|field| field.codelist.as_ref().is_some_and(|u| u.mode == ListMode::Advisory));
        assert_eq!(advisory.map(|field| field.id.as_str()).collect::<Vec<_>>(), ["XMDH"]);
    }

    #[test]
    fn a_directory_is_read_as_the_builtin_files_are() {
        let loaded = Dictionary::load(&shipped(), &Arc::new(RegionTable::builtin())).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{:?}", Dictionary::builtin()));
    }

    #[test]
    fn errors_name_file_place_and_remedy() {
        let source = fs::read_to_string(shipped().join("001.json")).unwrap();
        let lists = fs::read_to_string(shipped().join("codelists.json")).unwrap();
        let cases = [
            (r#""x-key": ["XKZBH"]"#, r#""x-key": ["XKZ"]"#, "x-key: there is no field XKZ; add it"),
            (r#""x-key": ["XKZBH"]"#, r#""x-key": ["BZ"]"#, "x-key: BZ is not required; add it"),
            (r#""x-key": ["XKZBH"]"#, r#""x-key": []"#, "x-key: no field is named; name"),
            (r#""x-busicode": "001""#, r#""x-busicode": "002""#, "x-busicode: the file says it is dataset 002"),
            (r#""x-busicode": "001""#, r#""x-busicode": "1""#, "x-busicode:"),
            (r#""x-time""#, r#""x-tiem""#, "missing field `x-time` at line"),
            (r#""x-provisional""#, r#""x-provisonal""#, "x-provisonal: unknown annotation; use one of"),
            (r#""required": ["#, r#""required": ["NOSUCH", "#, "required: there is no field NOSUCH"),
            (r#""x-codelist": "XKLB""#, r#""x-codelist": "XKLBB""#, "properties.XKLB: no code list XKLBB"),
            (r#""maxLength": 32"#, r#""maxLength": "32""#, "properties.XKZBH:"),
            (r#""pattern": "\\S""#, r#""pattern": "(\\S""#, "properties.DWMC.pattern:"),
            (r#""pattern": "\\S""#, r#""pattern": "(?=T)S""#, "properties.DWMC.pattern:"),
            (r#""additionalProperties": false"#, r#""additionalProperties": 7"#, "additionalProperties:"),
            (r#""properties": {"#, r#""properties": ["#, "invalid type"),
        ];
        for (from, to, expected) in cases {
            let changed = source.replacen(from, to, 1);
            assert_ne!(changed, source);
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join("001.json"), changed).unwrap();
            fs::write(directory.path().join("codelists.json"), &lists).unwrap();
            let error = Dictionary::load(directory.path(), &Arc::new(RegionTable::builtin())).unwrap_err().to_string();
            assert!(error.contains("001.json") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_directory_without_datasets_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let load = |path: &Path| Dictionary::load(path, &Arc::new(RegionTable::builtin())).unwrap_err();
        assert!(matches!(load(directory.path()).0[..], [DictionaryError::Empty { .. }]));
        fs::write(directory.path().join("codelists.json"), "{}").unwrap();
        assert!(matches!(load(directory.path()).0[..], [DictionaryError::Empty { .. }]));
        assert!(matches!(load(&directory.path().join("none")).0[..], [DictionaryError::Unreadable { .. }]));
    }
}
