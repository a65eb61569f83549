//! The defects, each of them a patch of the core.

use std::{fs, path::Path};

use diffy::Patch;

use crate::workspace::Workspace;

/// A defect that can be planted.
pub(crate) struct Defect {
    /// The name of its file.
    pub(crate) name: String,
    /// A description of the defect, and the patch.
    pub(crate) text: String,
}

impl Defect {
    /// The defects in a folder next to this file, by name.
    pub(crate) fn all_in(folder: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("defects").join(folder);
        let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        let patches = files.filter(|file| file.extension().is_some_and(|extension| extension == "patch"));
        let mut all: Vec<Self> = patches
            .map(|file| Self {
                name: file.file_stem().unwrap().to_str().unwrap().into(),
                text: fs::read_to_string(&file).unwrap(),
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Applies it to the copy of the core. It has no effect there until it is planted by its name.
    pub(crate) fn apply_to(&self, workspace: &mut Workspace) {
        if let Err(why) = self.try_apply_to(workspace) {
            panic!("the patch of the defect {} is not usable: {why}\n\n{MAKE_IT_AGAIN}", self.name);
        }
    }

    fn try_apply_to(&self, workspace: &mut Workspace) -> Result<(), String> {
        let asks = format!("crate::planted::is(\"{}\")", self.name);
        if !self.text.contains(&asks) {
            return Err(format!("it does not ask for {asks}"));
        }
        if self.text.starts_with("---") {
            return Err("it does not say what the defect is".into());
        }
        let patch = Patch::from_str(&self.text).map_err(|error| error.to_string())?;
        let path = patch.original().and_then(|path| path.strip_prefix("a/"));
        let path = path.ok_or("it names no file below a/")?;
        let file = workspace.text(path).ok_or_else(|| format!("{path} does not exist"))?;
        let patched = diffy::apply(file, &patch).map_err(|error| format!("{path}: {error}"))?;
        workspace.put(path, &patched);
        Ok(())
    }
}

const MAKE_IT_AGAIN: &str = "\
To make it again, write the defect into the core, behind `if crate::planted::is(\"its name\")`, and run
    git diff -U1 core > new.patch && git checkout core
Then put new.patch below the first lines of the old file, which say what the defect is. Context that another
patch changes cannot be found: then choose another place, or fewer lines of context.";
