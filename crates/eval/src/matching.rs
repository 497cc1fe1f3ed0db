/// A largest one-to-one matching between `left` and `right` items, given for each left item the
/// right items it may take, best first: for each left item its right one. By augmenting paths
/// (Kuhn 1955), left items in order; deterministic.
pub(crate) fn maximum_matching(allowed: &[Vec<usize>], right: usize) -> Vec<Option<usize>> {
    let mut owner: Vec<Option<usize>> = vec![None; right];
    for left in 0..allowed.len() {
        // Depth first with a stack of its own: (left item, next choice), so that a long chain of
        // displaced items cannot exhaust the thread's.
        let mut seen = vec![false; right];
        let mut path: Vec<(usize, usize)> = vec![(left, 0)];
        while let Some(&mut (item, ref mut next)) = path.last_mut() {
            let Some(&choice) = allowed[item].get(*next) else {
                path.pop();
                continue;
            };
            *next += 1;
            if std::mem::replace(&mut seen[choice], true) {
                continue;
            }
            match owner[choice] {
                Some(displaced) => path.push((displaced, 0)),
                None => {
                    // Each item on the path takes what it chose last.
                    for &(item, next) in &path {
                        owner[allowed[item][next - 1]] = Some(item);
                    }
                    break;
                }
            }
        }
    }
    let mut of_left = vec![None; allowed.len()];
    for (choice, item) in owner.into_iter().enumerate() {
        if let Some(item) = item {
            of_left[item] = Some(choice);
        }
    }
    of_left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute(allowed: &[Vec<usize>], used: u32) -> usize {
        let Some((first, rest)) = allowed.split_first() else {
            return 0;
        };
        first
            .iter()
            .filter(|&&r| used & (1 << r) == 0)
            .map(|&r| 1 + brute(rest, used | 1 << r))
            .chain([brute(rest, used)])
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn is_a_matching_and_as_large_as_any(
            allowed in proptest::collection::vec(proptest::collection::vec(0_usize..6, 0..4), 0..6)
        ) {
            let found = maximum_matching(&allowed, 6);
            let mut used = [false; 6];
            for (choices, choice) in allowed.iter().zip(&found) {
                if let Some(choice) = *choice {
                    prop_assert!(choices.contains(&choice));
                    prop_assert!(!std::mem::replace(&mut used[choice], true));
                }
            }
            prop_assert_eq!(found.iter().flatten().count(), brute(&allowed, 0));
        }
    }

    #[test]
    fn an_earlier_item_makes_room() {
        assert_eq!(
            maximum_matching(&[vec![0, 1], vec![0]], 2),
            [Some(1), Some(0)]
        );
    }
}
