//! What a module names: in `use`, in paths, and in what it gives to macros.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, ItemUse, Macro, MetaList, UseTree, Visibility};

use super::modules::Module;

/// A path's segments.
pub(super) type Path = Vec<String>;

/// All that is named in `module`, and whether it is only passed on (`pub use`).
pub(super) fn paths_in(module: &Module) -> Vec<(Path, bool)> {
    let mut named = Named(Vec::new());
    for item in &module.items {
        named.visit_item(item);
    }
    named.0
}

/// What `module` imports, as (the name here, the path). The name `*` stands for all.
pub(super) fn imports_of(module: &Module) -> Vec<(String, Path)> {
    let mut imports = Vec::new();
    for item in &module.items {
        if let Item::Use(item) = item {
            flatten(&item.tree, &mut Vec::new(), &mut imports);
        }
    }
    imports
}

struct Named(Vec<(Path, bool)>);

impl<'ast> Visit<'ast> for Named {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut imports = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut imports);
        let is_passed_on = !matches!(item.vis, Visibility::Inherited);
        self.0.extend(imports.into_iter().map(|(_, path)| (path, is_passed_on)));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        self.0.push((segments.collect(), false));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast Macro) {
        self.scan(invoked.tokens.clone());
        visit::visit_macro(self, invoked);
    }

    fn visit_meta_list(&mut self, list: &'ast MetaList) {
        self.scan(list.tokens.clone());
        visit::visit_meta_list(self, list);
    }
}

impl Named {
    /// Adds what looks like a path of two segments or more.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = Path::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) if colons == 2 && !path.is_empty() => {
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.end(&mut path);
                    colons = 0;
                    match other {
                        TokenTree::Ident(ident) => path.push(ident.to_string()),
                        TokenTree::Group(group) => self.scan(group.stream()),
                        TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                    }
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Path) {
        if path.len() > 1 {
            self.0.push((std::mem::take(path), false));
        }
        path.clear();
    }
}

fn flatten(tree: &UseTree, before: &mut Path, imports: &mut Vec<(String, Path)>) {
    let mut with = |ident: &syn::Ident, name: &syn::Ident| {
        let mut path = before.clone();
        // `use a::{self}` is `use a`.
        if ident != "self" || path.is_empty() {
            path.push(ident.to_string());
        }
        let name = if name == "self" { path.last().cloned() } else { None }
            .unwrap_or_else(|| name.to_string());
        imports.push((name, path));
    };
    match tree {
        UseTree::Name(tree) => with(&tree.ident, &tree.ident),
        UseTree::Rename(tree) => with(&tree.ident, &tree.rename),
        UseTree::Glob(_) => imports.push(("*".to_owned(), before.clone())),
        UseTree::Path(tree) => {
            before.push(tree.ident.to_string());
            flatten(&tree.tree, before, imports);
            before.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, imports);
            }
        }
    }
}
