//! The order of a module's functions. Which should stand next to each other, so that gzip finds what they share?
//!
//! gzip looks back over 32 KiB, a twentieth of the module. The compiler's order is as good as any other for those who run
//! the module; with functions that are alike side by side it is a fortieth smaller on its way.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use anyhow::Result;
use wasm_encoder::{NameMap, NameSection, Section};
use wasmparser::{Parser, Payload, TypeRef};

/// Some bytes of a function's code, about two instructions.
type Piece = [u8; 5];

/// The bytes of code behind a function in which what it has need not be written again: gzip's window, less what it loses
/// at its far end.
const WINDOW: usize = 30_000;

/// A piece that more functions have says little about any two of them.
const COMMON: usize = 60;

/// `module` with names for its functions, whose order is the one in which they are to stand: wasm-opt sorts by name.
pub(crate) fn named(module: &[u8]) -> Result<Vec<u8>> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ImportSection(imports) = payload {
            for import in imports.into_imports() {
                imported += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
            }
        } else if let Payload::CodeSectionEntry(body) = payload {
            bodies.extend(module.get(body.range()));
        }
    }
    let mut places = vec![0; bodies.len()];
    for (place, function) in order(&bodies).into_iter().enumerate() {
        places.get_mut(function).into_iter().for_each(|own| *own = place);
    }
    let mut names = NameMap::new();
    for (function, place) in (imported..).zip(places) {
        names.append(function, &format!("{place:0>6}"));
    }
    let mut section = NameSection::new();
    section.functions(&names);
    let mut named = module.to_vec();
    section.append_to(&mut named);
    Ok(named)
}

/// The indices of `bodies`, beginning with the longest: next is always the one that has the largest part in common with
/// those just before.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let pieces: Vec<Vec<Piece>> = bodies.iter().map(|body| pieces_of(body)).collect();
    let mut holders: HashMap<Piece, Vec<usize>> = HashMap::new();
    for (function, pieces) in pieces.iter().enumerate() {
        pieces.iter().for_each(|piece| holders.entry(*piece).or_default().push(function));
    }
    holders.retain(|_, holders| (2..=COMMON).contains(&holders.len()));

    let mut window =
        Window { pieces: &pieces, holders: &holders, inside: HashMap::new(), shared: vec![0; bodies.len()] };
    let length = |function: usize| bodies.get(function).map_or(0, |body| body.len());
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let (mut order, mut near, mut size) = (Vec::with_capacity(bodies.len()), VecDeque::new(), 0);
    let longest = left.iter().copied().max_by_key(|function| (length(*function), Reverse(*function)));
    let mut next = longest;
    while let Some(function) = next {
        left.retain(|other| *other != function);
        order.push(function);
        near.push_back(function);
        window.take_in(function);
        size += length(function);
        while size > WINDOW && near.len() > 1 {
            let Some(oldest) = near.pop_front() else { break };
            window.let_go(oldest);
            size -= length(oldest);
        }
        next = left.iter().copied().max_by(|one, other| {
            window.likeness(*one).total_cmp(&window.likeness(*other)).then(other.cmp(one))
        });
    }
    order
}

fn pieces_of(body: &[u8]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = body.array_windows().copied().collect();
    pieces.sort_unstable();
    pieces.dedup();
    pieces
}

/// The functions that stand just before the next one.
struct Window<'a> {
    /// The pieces of each function.
    pieces: &'a [Vec<Piece>],
    /// The functions that have a piece, of those that tell something.
    holders: &'a HashMap<Piece, Vec<usize>>,
    /// How many functions in the window have a piece.
    inside: HashMap<Piece, usize>,
    /// How many pieces each function shares with the window.
    shared: Vec<usize>,
}

impl Window<'_> {
    fn take_in(&mut self, function: usize) {
        for piece in self.pieces.get(function).into_iter().flatten() {
            let Some(holders) = self.holders.get(piece) else { continue };
            let inside = self.inside.entry(*piece).or_default();
            *inside += 1;
            if *inside == 1 {
                for holder in holders {
                    self.shared.get_mut(*holder).into_iter().for_each(|shared| *shared += 1);
                }
            }
        }
    }

    fn let_go(&mut self, function: usize) {
        for piece in self.pieces.get(function).into_iter().flatten() {
            let Some(holders) = self.holders.get(piece) else { continue };
            let inside = self.inside.entry(*piece).or_default();
            *inside -= 1;
            if *inside == 0 {
                for holder in holders {
                    self.shared.get_mut(*holder).into_iter().for_each(|shared| *shared -= 1);
                }
            }
        }
    }

    /// The part of a function that the window has too. A little less of a short one, which costs little anywhere.
    fn likeness(&self, function: usize) -> f64 {
        let shared = self.shared.get(function).copied().unwrap_or_default();
        let all = self.pieces.get(function).map_or(0, Vec::len);
        shared as f64 / (all + 8) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{KnownCustom, Name};

    #[test]
    fn functions_that_are_alike_stand_side_by_side() {
        let [cats, dogs] = [0_u8, 100].map(|from| (from..from + 100).collect::<Vec<_>>());
        let bodies = [&cats[..], &dogs[..90], &cats[5..], &dogs[20..], &cats[..50], &[7]];
        let order = order(&bodies);
        let place = |function: usize| order.iter().position(|other| *other == function).unwrap();
        assert_eq!(order[0], 0);
        assert!([0, 2, 4].into_iter().all(|cat| place(cat) < 3), "{order:?}");
        assert_eq!(place(1).abs_diff(place(3)), 1, "{order:?}");
        let mut all = order.clone();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn every_function_gets_a_name_of_its_own_and_nothing_else_changes() {
        use wasm_encoder::{
            CodeSection, EntityType, Function, FunctionSection, ImportSection, Module, TypeSection,
        };
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        types.ty().function([], []);
        imports.import("a", "b", EntityType::Function(0));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for length in [1, 9, 5] {
            functions.function(0);
            let mut function = Function::new([]);
            (0..length).for_each(|_| {
                function.instructions().nop();
            });
            function.instructions().end();
            code.function(&function);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&code);
        let module = module.finish();
        let named = named(&module).unwrap();
        assert!(named.starts_with(&module));
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(&named) {
            let Payload::CustomSection(section) = payload.unwrap() else { continue };
            let KnownCustom::Name(section) = section.as_known() else { continue };
            for part in section {
                let Name::Function(functions) = part.unwrap() else { continue };
                names.extend(
                    functions.into_iter().map(|name| name.unwrap()).map(|name| (name.index, name.name)),
                );
            }
        }
        assert_eq!(names, [(1, "000002"), (2, "000000"), (3, "000001")]);
    }
}
