//! Ranks that are threads of this process.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::{Communicator, ParallelError, Parts};

/// What travels between two threads.
#[derive(Debug)]
enum Message {
    Count(usize),
    Numbers(Vec<f64>),
}

/// One of the threads. A thread that ends early closes its channels, so nobody waits for it for ever.
#[derive(Debug)]
pub struct ThreadRank {
    rank: usize,
    to: Vec<Sender<Message>>,
    from: Vec<Receiver<Message>>,
}

/// Runs `work` on `size` threads, each a rank; what they return, in their order.
///
/// # Panics
/// Where a thread panics, once all of them have ended.
pub fn run<T: Send>(size: usize, work: impl Fn(&ThreadRank) -> T + Sync) -> Vec<T> {
    let mut ranks: Vec<_> =
        (0..size).map(|rank| ThreadRank { rank, to: Vec::new(), from: Vec::new() }).collect();
    for sender in 0..size {
        for receiver in 0..size {
            let (to, from) = channel();
            ranks[sender].to.push(to);
            ranks[receiver].from.push(from);
        }
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = ranks.into_iter().map(|rank| scope.spawn(|| work(&{ rank }))).collect();
        let results: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        let unwind = |result: std::thread::Result<T>| result.unwrap_or_else(|e| std::panic::resume_unwind(e));
        results.into_iter().map(unwind).collect()
    })
}

impl ThreadRank {
    fn send(&self, to: usize, message: Message) -> Result<(), ParallelError> {
        self.to[to].send(message).map_err(|_| ParallelError::Silent { rank: self.rank, other: to })
    }

    fn hear(&self, from: usize) -> Result<Message, ParallelError> {
        self.from[from].recv().map_err(|_| ParallelError::Silent { rank: self.rank, other: from })
    }
}

impl Communicator for ThreadRank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn exchange_counts(&self, counts: &[usize]) -> Result<Vec<usize>, ParallelError> {
        if counts.len() != self.size() {
            return Err(ParallelError::Parts { what: "counts", expected: self.size(), got: counts.len() });
        }
        counts.iter().enumerate().try_for_each(|(to, count)| self.send(to, Message::Count(*count)))?;
        let count = |from| match self.hear(from)? {
            Message::Count(count) => Ok(count),
            Message::Numbers(numbers) => {
                Err(ParallelError::Parts { what: "a count", expected: 1, got: numbers.len() })
            }
        };
        (0..self.size()).map(count).collect()
    }

    fn exchange_round(&self, send: &Parts, receive: &mut Parts) -> Result<(), ParallelError> {
        send.check(self.size())?;
        receive.check(self.size())?;
        send.iter().enumerate().try_for_each(|(to, part)| self.send(to, Message::Numbers(part.to_vec())))?;
        let mut start = 0;
        for (from, count) in receive.counts.iter().enumerate() {
            let expected = *count;
            let numbers = match self.hear(from)? {
                Message::Numbers(numbers) if numbers.len() == expected => numbers,
                Message::Numbers(numbers) => {
                    return Err(ParallelError::Parts {
                        what: "numbers of a part",
                        expected,
                        got: numbers.len(),
                    });
                }
                Message::Count(_) => {
                    return Err(ParallelError::Parts { what: "numbers of a part", expected, got: 0 });
                }
            };
            receive.numbers[start..start + expected].copy_from_slice(&numbers);
            start += expected;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_that_panics_ends_the_others() {
        let outcome = std::panic::catch_unwind(|| {
            run(3, |ranks| {
                assert!(ranks.rank() != 1, "rank 1 breaks");
                ranks.wait()
            })
        });
        assert!(outcome.is_err());
    }
}
