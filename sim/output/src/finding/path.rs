//! File names for systems that show the repository: relative to the working folder, with `/`.

use std::path::{Component, Path, PathBuf};

/// The path of a file relative to `folder`, which is absolute; absolute if the file is outside. `None` for standard
/// input, and if there is no file. Links are not followed.
#[must_use]
pub fn relative(file: &str, folder: &Path) -> Option<String> {
    if file == "-" || file.is_empty() {
        return None;
    }
    let path = normal(&folder.join(file));
    let path = path.strip_prefix(normal(folder)).unwrap_or(&path);
    Some(slashed(path))
}

/// Without `.`, and without `..` as far as the names allow.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    normal.push("..");
                }
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    normal
}

fn slashed(path: &Path) -> String {
    let text = path.display().to_string();
    if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_repo(file: &str) -> Option<String> {
        relative(file, Path::new("/home/me/repo"))
    }

    #[test]
    fn a_file_is_named_from_the_folder() {
        for file in ["deploy/a.yaml", "./deploy/a.yaml", "x/../deploy//a.yaml", "/home/me/repo/deploy/a.yaml"]
        {
            assert_eq!(from_repo(file).as_deref(), Some("deploy/a.yaml"), "{file}");
        }
    }

    #[test]
    fn a_file_outside_is_named_from_the_root() {
        assert_eq!(from_repo("../other/a.yaml").as_deref(), Some("/home/me/other/a.yaml"));
        assert_eq!(from_repo("/etc/a.yaml").as_deref(), Some("/etc/a.yaml"));
        assert_eq!(from_repo("/home/me/repository/a.yaml").as_deref(), Some("/home/me/repository/a.yaml"));
    }

    #[test]
    fn standard_input_has_no_path() {
        assert_eq!(from_repo("-"), None);
    }
}
