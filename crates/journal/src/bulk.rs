//! Many rows in few statements, each of a shape that was prepared before.
//!
//! An insert of n rows is a text of its own for every n, and preparing a long one costs more than running it. So rows go
//! in pieces whose sizes are powers of two: at most seven texts for any number of rows.

/// The largest piece. Longer statements hardly cost less a row.
const PIECE: usize = 64;

/// Cuts `rows` into pieces of 64, then of 32, 16, 8, 4, 2 and 1.
pub(crate) fn pieces<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rest = rows.into_iter();
    std::iter::from_fn(move || {
        let left = rest.len();
        if left == 0 {
            return None;
        }
        let size = if left >= PIECE { PIECE } else { 1 << left.ilog2() };
        Some(rest.by_ref().take(size).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_are_powers_of_two_and_lose_nothing() {
        for n in 0..300 {
            let pieces: Vec<Vec<i32>> = pieces((0..n).collect()).collect();
            assert!(pieces.iter().all(|piece| piece.len().is_power_of_two() && piece.len() <= 64));
            assert_eq!(pieces.concat(), (0..n).collect::<Vec<_>>());
        }
    }
}
