//! Numbers dealt out in blocks.

use std::ops::Range;

/// Block `part` of `parts` of the numbers `0..count`: blocks follow each other and differ by one in length at most.
/// Empty where there is no such part.
#[must_use]
pub fn block(count: usize, parts: usize, part: usize) -> Range<usize> {
    if part >= parts {
        return count..count;
    }
    let (length, longer) = (count / parts, count % parts);
    let start = part * length + part.min(longer);
    start..start + length + usize::from(part < longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_everything_once_and_are_even() {
        for (count, parts) in [(10, 3), (3, 5), (0, 2), (8, 4), (1, 1)] {
            let blocks: Vec<_> = (0..parts).map(|part| block(count, parts, part)).collect();
            let all: Vec<usize> = blocks.iter().cloned().flatten().collect();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            let lengths = blocks.iter().map(Range::len);
            assert!(lengths.clone().max().unwrap() - lengths.min().unwrap() <= 1);
        }
        assert!(block(5, 0, 0).is_empty());
    }
}
