//! A crate's modules, read from its files.

use std::path::{Path, PathBuf};

use crate::outcome::Outcome;
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

/// A crate's modules. The first one is its root.
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
    root: PathBuf,
}

/// A module: a file's, or one inside of a file.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    /// The file that it stands in.
    file: PathBuf,
    pub(super) items: Vec<Item>,
}

impl Tree {
    /// The modules of the crate that begins with the file `start`.
    pub(super) fn read(start: &Path) -> Outcome<Self> {
        let root = start.parent().ok_or("a crate's root lies in a directory")?.to_owned();
        let mut tree = Self { modules: Vec::new(), root: root.clone() };
        let items = items_of(start)?;
        tree.add(None, "crate", (start, &root), items)?;
        Ok(tree)
    }

    /// The file of a module, from the root's directory on.
    pub(super) fn shown(&self, module: usize) -> String {
        let file = &self.modules[module].file;
        file.strip_prefix(&self.root).unwrap_or(file).to_string_lossy().into_owned()
    }

    /// `beside`: the directory that files of modules inside of this one lie in.
    fn add(
        &mut self,
        parent: Option<usize>,
        name: &str,
        (file, beside): (&Path, &Path),
        items: Vec<Item>,
    ) -> Outcome<usize> {
        let (inner, items): (Vec<_>, Vec<_>) = items
            .into_iter()
            .filter(|item| !is_test(attributes(item)))
            .partition(|item| matches!(item, Item::Mod(_)));
        let (name, file) = (name.to_owned(), file.to_owned());
        let module = self.modules.len();
        let children = Vec::new();
        self.modules.push(Module { name, parent, children, file: file.clone(), items });
        for item in inner {
            let Item::Mod(item) = item else { continue };
            let name = item.ident.to_string();
            let below = beside.join(&name);
            let child = match item.content {
                Some((_, items)) => self.add(Some(module), &name, (&file, &below), items)?,
                None => {
                    let file = file_of(&item, beside)?;
                    self.add(Some(module), &name, (&file, &below), items_of(&file)?)?
                }
            };
            self.modules[module].children.push(child);
        }
        Ok(module)
    }
}

fn items_of(file: &Path) -> Outcome<Vec<Item>> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let parsed = syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(parsed.items)
}

/// The file of `mod name;` in a file whose modules lie in the directory `beside`.
fn file_of(item: &ItemMod, beside: &Path) -> Result<PathBuf, String> {
    if let Some(path) = item.attrs.iter().find_map(given_path) {
        return Ok(beside.join(path));
    }
    let name = item.ident.to_string();
    let files = [beside.join(format!("{name}.rs")), beside.join(&name).join("mod.rs")];
    let found = files.into_iter().find(|file| file.is_file());
    found.ok_or_else(|| format!("no file of the module {name} in {}", beside.display()))
}

fn given_path(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(value) = &pair.value else { return None };
    let Lit::Str(path) = &value.lit else { return None };
    pair.path.is_ident("path").then(|| path.value())
}

pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let word = |word: proc_macro2::TokenTree| word.to_string();
        list.path.is_ident("cfg") && list.tokens.clone().into_iter().map(word).eq(["test"])
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        _ => &[],
    }
}
