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

/// Runs `work` on `size` threads, each a rank; what they return, in their order. Threads are named after their rank, so
/// a panic's message says which one it was; ranks that wait for it hear that it has ended
/// ([`ParallelError::Silent`]).
///
/// # Panics
/// Where a thread panics, once all of them have ended; or where the system has no thread left.
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
        let start = |rank: ThreadRank| {
            let thread = std::thread::Builder::new().name(format!("rank {}", rank.rank));
            let started = thread.spawn_scoped(scope, || work(&{ rank }));
            started.unwrap_or_else(|e| panic!("no thread for a rank: {e}; run with fewer ranks"))
        };
        let threads: Vec<_> = ranks.into_iter().map(start).collect();
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
    use std::sync::Mutex;

    type Heard = Vec<(usize, Result<(), ParallelError>)>;

    /// Whether the run panicked, and what ranks 0 and 2 of three hear while rank 1 ends in its own way, after an exchange
    /// that all take part in.
    fn heard(end: impl Fn() + Sync) -> (bool, Heard) {
        let heard = Mutex::new(Vec::new());
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(3, |ranks| {
                ranks.wait().unwrap();
                if ranks.rank() == 1 {
                    return end();
                }
                let what = ranks.gather(&[1.0, 2.0]).map(|_| ());
                heard.lock().unwrap().push((ranks.rank(), what));
            })
        }));
        let mut heard = heard.into_inner().unwrap();
        heard.sort_by_key(|(rank, _)| *rank);
        (outcome.is_err(), heard)
    }

    #[test]
    fn a_rank_that_panics_or_gives_up_is_named_to_those_that_wait_for_it() {
        for (ends, panics) in [((|| panic!("asked for")) as fn(), true), ((|| ()) as fn(), false)] {
            let (panicked, heard) = heard(ends);
            assert_eq!(panicked, panics);
            for (rank, what) in heard {
                // Whoever hears of it first ends too, and the other may hear of that one.
                let Err(ParallelError::Silent { rank: own, other }) = what else {
                    panic!("rank {rank}: {what:?}")
                };
                assert!(own == rank && other != rank, "{rank} {other}");
            }
        }
    }
}
