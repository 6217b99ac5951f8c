//! Which source file of a crate imports which, read from the code: every `use`, `super::` included, and every path that
//! is written out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree};

/// A module's path from the crate's root, the root being empty.
type Module = Vec<String>;

/// The files of one crate, and which imports which.
pub struct Imports {
    /// Each file, relative to the crate's root, and the files that it imports.
    pub of: BTreeMap<String, BTreeSet<String>>,
}

impl Imports {
    /// Reads the crate whose root file is `root`.
    pub fn read(root: &Path) -> Self {
        let folder = root.parent().unwrap();
        let mut sources = Vec::new();
        find_modules(root, folder, Vec::new(), &mut sources);
        for source in &mut sources {
            source.name = source.name.strip_prefix(&format!("{}/", folder.display())).unwrap().to_owned();
        }
        Self::of_sources(&sources)
    }

    /// Reads a crate whose modules have these paths, the root's being empty, and these texts.
    pub fn of_texts(modules: &[(&str, &str)]) -> Self {
        let source = |(path, text): &(&str, &str)| Source {
            module: path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            name: (*path).to_owned(),
            code: syn::parse_file(text).unwrap(),
        };
        Self::of_sources(&modules.iter().map(source).collect::<Vec<_>>())
    }

    fn of_sources(sources: &[Source]) -> Self {
        let names: BTreeMap<&[String], &String> =
            sources.iter().map(|source| (source.module.as_slice(), &source.name)).collect();
        let imported_by = |source: &Source| {
            let used = Reader::read(source);
            let files =
                used.iter().filter_map(|path| (0..=path.len()).rev().find_map(|n| names.get(&path[..n])));
            files.map(|name| (*name).clone()).filter(|name| *name != source.name).collect()
        };
        Self { of: sources.iter().map(|source| (source.name.clone(), imported_by(source))).collect() }
    }

    /// Every set of files that reach each other by their imports.
    pub fn circles(&self) -> Vec<BTreeSet<String>> {
        let reach: BTreeMap<&String, BTreeSet<&String>> =
            self.of.keys().map(|file| (file, self.reached_from(file))).collect();
        let mut circles: Vec<BTreeSet<String>> = Vec::new();
        for (file, reached) in &reach {
            if !reached.contains(file) || circles.iter().any(|circle| circle.contains(*file)) {
                continue;
            }
            let circle = reached.iter().filter(|other| reach[**other].contains(file));
            circles.push(circle.map(|other| (*other).clone()).collect());
        }
        circles
    }

    fn reached_from(&self, file: &String) -> BTreeSet<&String> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&String> = self.of[file].iter().collect();
        while let Some(file) = next.pop() {
            if reached.insert(file) {
                next.extend(&self.of[file]);
            }
        }
        reached
    }
}

struct Source {
    module: Module,
    name: String,
    code: syn::File,
}

/// Adds the file at `path`, whose module is `module`, and the files of the modules that it declares, which are in
/// `children`.
fn find_modules(path: &Path, children: &Path, module: Module, found: &mut Vec<Source>) {
    let text = fs::read_to_string(path).unwrap();
    let code = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for item in &code.items {
        if let Item::Mod(ItemMod { ident, content: None, attrs, .. }) = item
            && !is_for_tests(attrs)
        {
            let name = ident.to_string();
            let flat = children.join(format!("{name}.rs"));
            let child = if flat.exists() { flat } else { children.join(&name).join("mod.rs") };
            find_modules(&child, &children.join(&name), [module.clone(), vec![name]].concat(), found);
        }
    }
    found.push(Source { module, name: path.display().to_string(), code });
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// Collects what one file uses.
struct Reader {
    module: Module,
    /// Names that stand for something elsewhere in the crate.
    aliases: BTreeMap<String, Module>,
    used: Vec<Module>,
}

impl Reader {
    /// Everything in the crate that `source` uses.
    fn read(source: &Source) -> Vec<Module> {
        let mut reader = Self { module: source.module.clone(), aliases: BTreeMap::new(), used: Vec::new() };
        // Twice: a path may stand before the `use` that says what it begins with.
        reader.visit_file(&source.code);
        reader.used.clear();
        reader.visit_file(&source.code);
        reader.used
    }

    /// The path from the crate's root that `segments` mean in this file; `None` if they lead out of the crate or name
    /// what is in the file itself.
    fn resolve(&self, segments: &[String]) -> Option<Module> {
        let (first, rest) = segments.split_first()?;
        let start = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.module.clone(),
            "super" => self.module.split_last().map(|(_, parent)| parent.to_vec())?,
            alias => self.aliases.get(alias)?.clone(),
        };
        rest.iter().try_fold(start, |mut path, segment| {
            if segment == "super" {
                path.pop()?;
            } else {
                path.push(segment.clone());
            }
            Some(path)
        })
    }

    fn read_tree(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.read_tree(&path.tree, before);
                before.pop();
            }
            UseTree::Name(name) if name.ident == "self" => {
                let alias = before.last().cloned().unwrap_or_default();
                self.use_as(before.clone(), alias);
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.use_as([before.clone(), vec![name.clone()]].concat(), name);
            }
            UseTree::Rename(rename) => {
                let path = [before.clone(), vec![rename.ident.to_string()]].concat();
                self.use_as(path, rename.rename.to_string());
            }
            UseTree::Glob(_) => self.used.extend(self.resolve(before)),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_tree(tree, before);
                }
            }
        }
    }

    fn use_as(&mut self, path: Vec<String>, alias: String) {
        if let Some(path) = self.resolve(&path) {
            self.used.push(path.clone());
            self.aliases.insert(alias, path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        let name = item.ident.to_string();
        if item.content.is_none() {
            self.aliases.insert(name.clone(), [self.module.clone(), vec![name]].concat());
            return;
        }
        // Within an inline module, `super` is one step further away.
        self.module.push(name);
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.read_tree(&item.tree, &mut Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.used.extend(self.resolve(&segments));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // What looks like a path in a macro's arguments is one.
        let mut names: Vec<String> = Vec::new();
        let mut after_colons = 0;
        for token in flat(item.tokens.clone()) {
            match token {
                proc_macro2::TokenTree::Ident(ident) => {
                    if after_colons != 2 {
                        self.used.extend(self.written_out(&names));
                        names.clear();
                    }
                    names.push(ident.to_string());
                    after_colons = 0;
                }
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ':' => after_colons += 1,
                proc_macro2::TokenTree::Punct(_)
                | proc_macro2::TokenTree::Group(_)
                | proc_macro2::TokenTree::Literal(_) => {
                    self.used.extend(self.written_out(&names));
                    names.clear();
                    after_colons = 0;
                }
            }
        }
        self.used.extend(self.written_out(&names));
        visit::visit_macro(self, item);
    }
}

impl Reader {
    fn written_out(&self, names: &[String]) -> Option<Module> {
        if names.len() > 1 { self.resolve(names) } else { None }
    }
}

/// `tokens` without their nesting; a comma ends what was nested.
fn flat(tokens: proc_macro2::TokenStream) -> Vec<proc_macro2::TokenTree> {
    let mut all = Vec::new();
    for token in tokens {
        if let proc_macro2::TokenTree::Group(group) = token {
            all.extend(flat(group.stream()));
            all.push(proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone).into());
        } else {
            all.push(token);
        }
    }
    all
}
