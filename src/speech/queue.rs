//! Order of the recogniser's jobs: by priority, inside it call by call in turn, inside a call first come first
//! served. Pure, so that fairness is tested without a thread.

use std::collections::{HashMap, VecDeque};

use super::Priority;
use crate::call::CallId;

/// Jobs of one priority.
struct Turns<J> {
    order: VecDeque<CallId>,
    waiting: HashMap<CallId, VecDeque<J>>,
}

impl<J> Turns<J> {
    fn new() -> Self {
        Self { order: VecDeque::new(), waiting: HashMap::new() }
    }

    fn push_back(&mut self, call: CallId, job: J) {
        let jobs = self.waiting.entry(call).or_default();
        if jobs.is_empty() {
            self.order.push_back(call);
        }
        jobs.push_back(job);
    }

    fn push_front(&mut self, call: CallId, job: J) {
        let jobs = self.waiting.entry(call).or_default();
        if jobs.is_empty() {
            self.order.push_front(call);
        }
        jobs.push_front(job);
    }

    /// The first call in turn whose next job fits; it then goes to the end of the turns.
    fn pop(&mut self, fits: &impl Fn(&J) -> bool) -> Option<J> {
        let at = self.order.iter().position(|call| self.waiting.get(call).and_then(|j| j.front()).is_some_and(fits))?;
        let call = self.order.remove(at)?;
        let jobs = self.waiting.get_mut(&call)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.waiting.remove(&call);
        } else {
            self.order.push_back(call);
        }
        job
    }
}

pub struct JobQueue<J> {
    turns: [Turns<J>; Priority::ALL.len()],
    lengths: [usize; Priority::ALL.len()],
}

impl<J> JobQueue<J> {
    pub fn new() -> Self {
        Self { turns: Priority::ALL.map(|_| Turns::new()), lengths: Priority::ALL.map(|_| 0) }
    }

    pub fn push(&mut self, priority: Priority, call: CallId, job: J) {
        self.turns[priority as usize].push_back(call, job);
        self.lengths[priority as usize] += 1;
    }

    /// Puts a job that failed before every other job of its call.
    pub fn push_again(&mut self, priority: Priority, call: CallId, job: J) {
        self.turns[priority as usize].push_front(call, job);
        self.lengths[priority as usize] += 1;
    }

    pub fn pop(&mut self, fits: impl Fn(&J) -> bool) -> Option<J> {
        for priority in Priority::ALL {
            if let Some(job) = self.turns[priority as usize].pop(&fits) {
                self.lengths[priority as usize] -= 1;
                return Some(job);
            }
        }
        None
    }

    pub fn waiting(&self, priority: Priority) -> usize {
        self.lengths[priority as usize]
    }

    pub fn len(&self) -> usize {
        self.lengths.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_goes_before_backlog_and_backlog_before_a_partial() {
        let call = CallId::new();
        let mut queue = JobQueue::new();
        queue.push(Priority::Partial, call, "partial");
        queue.push(Priority::Backlog, call, "backlog");
        queue.push(Priority::Final, call, "final");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(|_| true)).collect();
        assert_eq!(order, ["final", "backlog", "partial"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_call_with_many_segments_does_not_hold_up_a_call_with_one() {
        let (busy, calm) = (CallId::new(), CallId::new());
        let mut queue = JobQueue::new();
        for n in 0..5 {
            queue.push(Priority::Final, busy, ("busy", n));
        }
        queue.push(Priority::Final, calm, ("calm", 0));
        assert_eq!(queue.pop(|_| true), Some(("busy", 0)));
        assert_eq!(queue.pop(|_| true), Some(("calm", 0)));
        queue.push_again(Priority::Final, busy, ("busy", 0));
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop(|_| true)).collect();
        assert_eq!(rest, [("busy", 0), ("busy", 1), ("busy", 2), ("busy", 3), ("busy", 4)]);
    }

    #[test]
    fn a_job_that_does_not_fit_a_worker_lets_another_call_pass() {
        let mut queue = JobQueue::new();
        queue.push(Priority::Final, CallId::new(), 1);
        queue.push(Priority::Backlog, CallId::new(), 2);
        assert_eq!(queue.pop(|job| *job != 1), Some(2));
        assert_eq!(queue.pop(|job| *job != 1), None);
        assert_eq!(queue.waiting(Priority::Final), 1);
    }
}
