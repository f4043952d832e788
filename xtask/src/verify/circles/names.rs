//! Which file a name leads to.

use syn::Item;

use super::modules::Tree;
use super::paths::imports_of;

/// What a path leads to.
enum Target {
    Module(usize),
    /// Something that this module defines, and what it is called there.
    Item(usize, String),
}

/// The file that defines what `path` names in `module`, and its name there. `None`: it is of
/// another crate, or a module and nothing in it.
pub(super) fn definition(tree: &Tree, module: usize, path: &[String]) -> Option<(String, String)> {
    match resolve(tree, module, path, 0)? {
        Target::Item(module, name) => Some((tree.shown(module), name)),
        Target::Module(_) => None,
    }
}

/// More names than this that pass each other on lead nowhere.
const DEEPEST: u32 = 16;

fn resolve(tree: &Tree, from: usize, path: &[String], depth: u32) -> Option<Target> {
    let (first, mut rest) = path.split_first()?;
    let mut at = match first.as_str() {
        "crate" => Target::Module(0),
        "self" => Target::Module(from),
        "super" => Target::Module(tree.modules[from].parent?),
        name => lookup(tree, from, name, depth)?,
    };
    while let Target::Module(module) = at {
        let Some((name, after)) = rest.split_first() else { break };
        rest = after;
        at = match name.as_str() {
            "super" => Target::Module(tree.modules[module].parent?),
            // What a macro has made is in no list: it is there all the same.
            name => {
                lookup(tree, module, name, depth).unwrap_or(Target::Item(module, name.to_owned()))
            }
        };
    }
    Some(at)
}

/// What `name` is in `module`.
fn lookup(tree: &Tree, module: usize, name: &str, depth: u32) -> Option<Target> {
    let here = &tree.modules[module];
    // Types and functions can have a module's name: `use places::places`.
    if here.items.iter().any(|item| is_called(item, name)) {
        return Some(Target::Item(module, name.to_owned()));
    }
    if let Some(&child) = here.children.iter().find(|&&child| tree.modules[child].name == name) {
        return Some(Target::Module(child));
    }
    if depth >= DEEPEST {
        return None;
    }
    let imports = imports_of(here);
    // `use a;` beside `mod a;` was found above: what is left leads elsewhere.
    let by_name = imports.iter().filter(|(import, path)| import == name && path[..] != [name]);
    let by_star = imports.iter().filter(|(import, _)| import == "*");
    let by_name = by_name.map(|(_, path)| path.clone());
    let by_star = by_star.map(|(_, path)| [path.as_slice(), &[name.to_owned()]].concat());
    by_name.map(|path| (path, false)).chain(by_star.map(|path| (path, true))).find_map(
        |(path, is_star)| match resolve(tree, module, &path, depth + 1) {
            // Not every star brings every name.
            Some(Target::Item(of, _)) if is_star => {
                defines(tree, of, name).then(|| Target::Item(of, name.to_owned()))
            }

            found => found,
        },
    )
}

fn defines(tree: &Tree, module: usize, name: &str) -> bool {
    tree.modules[module].items.iter().any(|item| is_called(item, name))
}

fn is_called(item: &Item, name: &str) -> bool {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => match &item.ident {
            Some(ident) => ident,
            None => return false,
        },
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return false,
    };
    ident == name
}
