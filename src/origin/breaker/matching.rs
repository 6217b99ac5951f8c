//! How many parts fail, if each client may count for one of them only?
//!
//! A client that met failures in several parts could stand for any of them, so the answer is the largest number of parts
//! that can each have a client of its own: a maximum matching (Kuhn's algorithm). It does not depend on the order in which
//! parts are looked at.

use super::evidence::Witness;

/// A part with the clients that failed there.
pub(super) type Failing = (u64, Vec<Witness>);

/// Parts that each have a client of their own, as many as there can be, or `most` if there are more.
pub(super) fn with_own_client(failing: &[Failing], most: usize) -> Vec<u64> {
    let mut owners: Vec<(Witness, usize)> = Vec::new();
    for part in 0..failing.len() {
        if owners.len() >= most {
            break;
        }
        give(part, failing, &mut owners, &mut Vec::new());
    }
    owners.iter().filter_map(|(_, part)| failing.get(*part)).map(|(name, _)| *name).collect()
}

/// Gives the part a client, if need be one whose part can be given another. Returns whether that was possible.
fn give(
    part: usize,
    failing: &[Failing],
    owners: &mut Vec<(Witness, usize)>,
    tried: &mut Vec<Witness>,
) -> bool {
    let Some((_, clients)) = failing.get(part) else { return false };
    for client in clients {
        if tried.contains(client) {
            continue;
        }
        tried.push(*client);
        let Some(at) = owners.iter().position(|(owner, _)| owner == client) else {
            owners.push((*client, part));
            return true;
        };
        let other = owners.get(at).map_or(part, |(_, other)| *other);
        if give(other, failing, owners, tried) {
            if let Some((_, owned)) = owners.get_mut(at) {
                *owned = part;
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failing(parts: &[&[u32]]) -> Vec<Failing> {
        let client = |mark: &u32| Witness { mark: *mark, is_known: true };
        (0..).zip(parts).map(|(name, clients)| (name, clients.iter().map(client).collect())).collect()
    }

    #[test]
    fn a_client_counts_for_the_part_where_it_is_needed() {
        for (parts, count) in [
            (&[&[1, 2][..], &[1]][..], 2),
            (&[&[1], &[1], &[1]], 1),
            (&[&[1, 2], &[1, 2], &[1, 2]], 2),
            (&[&[1, 2], &[2, 3], &[1], &[3, 4]], 4),
            (&[&[], &[1]], 1),
            (&[], 0),
        ] {
            let mut backwards = failing(parts);
            assert_eq!(with_own_client(&backwards, 9).len(), count, "{parts:?}");
            backwards.reverse();
            assert_eq!(with_own_client(&backwards, 9).len(), count, "{parts:?}");
            assert_eq!(with_own_client(&backwards, 1).len(), count.min(1));
        }
    }

    proptest! {
        #[test]
        fn the_order_of_parts_and_clients_does_not_matter(
            parts in proptest::collection::vec(proptest::collection::vec(0..6_u32, 0..4), 0..7),
            seed in any::<u64>(),
        ) {
            let parts: Vec<&[u32]> = parts.iter().map(Vec::as_slice).collect();
            let mut shuffled = failing(&parts);
            shuffled.sort_by_key(|(name, _)| (name ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            for (_, clients) in &mut shuffled {
                clients.reverse();
            }
            let owned = with_own_client(&shuffled, 9);
            prop_assert_eq!(owned.len(), with_own_client(&failing(&parts), 9).len());
            let mut once = owned.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), owned.len(), "each part once");
        }
    }
}
