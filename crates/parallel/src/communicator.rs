//! What a rank can ask of the others.

use crate::ParallelError;

/// Numbers for every rank, or from every rank: parts in the order of ranks, one after another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The numbers.
    pub numbers: Vec<f64>,
    /// How many belong to each rank.
    pub counts: Vec<usize>,
}

/// A rank among others. Every rank makes the same calls in the same order.
pub trait Communicator {
    /// Number of this rank, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Sends one number to every rank; what every rank has sent here.
    ///
    /// # Errors
    /// `Parts`, and `Silent` where a rank of this process has ended.
    fn exchange_counts(&self, counts: &[usize]) -> Result<Vec<usize>, ParallelError>;

    /// Sends parts, whose lengths the receivers know. A length, and the sum of lengths, fits into 31 bits.
    ///
    /// # Errors
    /// As [`Communicator::exchange_counts`].
    fn exchange_round(&self, send: &Parts, receive: &mut Parts) -> Result<(), ParallelError>;

    /// Sends a part to every rank and returns what every rank has sent here; parts may be of any length. What is sent is
    /// given away, because it can be as large as the state.
    ///
    /// # Errors
    /// As [`Communicator::exchange_counts`].
    fn exchange(&self, send: Parts) -> Result<Parts, ParallelError> {
        exchange_in_rounds(self, &send, (i32::MAX as usize) / self.size())
    }

    /// Sends the same numbers to every rank; what every rank has.
    ///
    /// # Errors
    /// As [`Communicator::exchange_counts`].
    fn gather(&self, own: &[f64]) -> Result<Parts, ParallelError> {
        self.exchange(Parts { numbers: own.repeat(self.size()), counts: vec![own.len(); self.size()] })
    }

    /// The sum of a number over ranks, added in their order.
    ///
    /// # Errors
    /// As [`Communicator::exchange_counts`].
    fn sum(&self, own: f64) -> Result<f64, ParallelError> {
        Ok(self.gather(&[own])?.numbers.iter().sum())
    }

    /// Waits until every rank has come here.
    ///
    /// # Errors
    /// As [`Communicator::exchange_counts`].
    fn wait(&self) -> Result<(), ParallelError> {
        self.exchange_counts(&vec![0; self.size()]).map(|_| ())
    }
}

impl Parts {
    /// Parts given one by one.
    #[must_use]
    pub fn from_parts(parts: &[Vec<f64>]) -> Self {
        Self { numbers: parts.concat(), counts: parts.iter().map(Vec::len).collect() }
    }

    /// The part of one rank.
    #[must_use]
    pub fn of(&self, rank: usize) -> &[f64] {
        let start: usize = self.counts[..rank].iter().sum();
        &self.numbers[start..start + self.counts[rank]]
    }

    /// Each rank's part.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        let mut start = 0;
        self.counts.iter().map(move |count| {
            start += count;
            &self.numbers[start - count..start]
        })
    }

    /// Refuses parts for another number of ranks, or that don't fill the numbers.
    pub(crate) fn check(&self, size: usize) -> Result<(), ParallelError> {
        if self.counts.len() != size {
            return Err(ParallelError::Parts { what: "ranks", expected: size, got: self.counts.len() });
        }
        let expected = self.counts.iter().sum();
        if self.numbers.len() != expected {
            return Err(ParallelError::Parts { what: "numbers in parts", expected, got: self.numbers.len() });
        }
        Ok(())
    }
}

/// [`Communicator::exchange`] by rounds in which no part is longer than `longest`: MPI counts in 31 bits.
fn exchange_in_rounds<C: Communicator + ?Sized>(
    ranks: &C,
    send: &Parts,
    longest: usize,
) -> Result<Parts, ParallelError> {
    send.check(ranks.size())?;
    let counts = ranks.exchange_counts(&send.counts)?;
    let own = send.counts.iter().chain(&counts).max().map_or(0, |most| most.div_ceil(longest));
    let rounds = ranks.exchange_counts(&vec![own; ranks.size()])?.into_iter().max().unwrap_or(0);
    let mut receive = Parts { numbers: vec![0.0; counts.iter().sum()], counts };
    if rounds <= 1 {
        ranks.exchange_round(send, &mut receive)?;
        return Ok(receive);
    }
    let starts = |parts: &Parts| -> Vec<usize> {
        parts.counts.iter().scan(0, |sum, count| Some(std::mem::replace(sum, *sum + count))).collect()
    };
    let (from, to) = (starts(send), starts(&receive));
    for round in 0..rounds {
        let piece = |count: &usize| (round * longest).min(*count)..((round + 1) * longest).min(*count);
        let mut out = Parts::default();
        for (start, count) in from.iter().zip(&send.counts) {
            let piece = piece(count);
            out.counts.push(piece.len());
            out.numbers.extend_from_slice(&send.numbers[start + piece.start..start + piece.end]);
        }
        let lengths: Vec<usize> = receive.counts.iter().map(|count| piece(count).len()).collect();
        let mut into = Parts { numbers: vec![0.0; lengths.iter().sum()], counts: lengths };
        ranks.exchange_round(&out, &mut into)?;
        for ((start, count), part) in to.iter().zip(&receive.counts).zip(into.iter()) {
            let piece = piece(count);
            receive.numbers[start + piece.start..start + piece.end].copy_from_slice(part);
        }
    }
    Ok(receive)
}

/// One process without others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Communicator for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn exchange_counts(&self, counts: &[usize]) -> Result<Vec<usize>, ParallelError> {
        Ok(counts.to_vec())
    }

    fn exchange_round(&self, send: &Parts, receive: &mut Parts) -> Result<(), ParallelError> {
        receive.clone_from(send);
        Ok(())
    }

    fn exchange(&self, send: Parts) -> Result<Parts, ParallelError> {
        send.check(self.size())?;
        Ok(send)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;

    /// What rank `from` sends to rank `to`: `from + to` numbers.
    fn part(from: usize, to: usize) -> Vec<f64> {
        (0..from + to).map(|k| (100 * from + 10 * to + k) as f64).collect()
    }

    #[test]
    fn parts_arrive_whole_in_one_round_and_in_many() {
        for longest in [1, 2, 3, 100] {
            let received = threads::run(4, |ranks| {
                let own: Vec<_> = (0..4).map(|to| part(ranks.rank(), to)).collect();
                exchange_in_rounds(ranks, &Parts::from_parts(&own), longest).unwrap()
            });
            for (to, received) in received.iter().enumerate() {
                for from in 0..4 {
                    assert_eq!(received.of(from), part(from, to), "from {from} to {to}, {longest} at a time");
                }
            }
        }
    }

    #[test]
    fn sums_are_the_same_on_every_rank() {
        let sums = threads::run(3, |ranks| ranks.sum(0.1 * ranks.rank() as f64).unwrap());
        assert!(sums.iter().all(|sum| sum.to_bits() == (0.0 + 0.1 + 0.2_f64).to_bits()));
        assert_eq!(Alone.sum(2.5).map(f64::to_bits), Ok(2.5_f64.to_bits()));
    }

    #[test]
    fn parts_that_do_not_fit_are_an_error() {
        let parts = Parts { numbers: vec![1.0, 2.0], counts: vec![1] };
        assert!(matches!(Alone.exchange(parts), Err(ParallelError::Parts { expected: 1, got: 2, .. })));
        let parts = Parts { numbers: vec![1.0, 2.0], counts: vec![1, 1] };
        assert!(matches!(Alone.exchange(parts), Err(ParallelError::Parts { expected: 1, got: 2, .. })));
    }
}
