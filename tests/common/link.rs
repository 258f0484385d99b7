//! A bad network, the same every time: seeded loss, bursts, jitter, reordering, duplicates and a drifting clock.
//!
//! Pure: it says when copies of a packet arrive. A test steps a simulated clock with it; a proxy between real sockets
//! waits the times it says.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How packets get lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Each on its own, with this probability.
    Random(f64),
    /// Gilbert-Elliott: runs of five on average, this share in all.
    Bursts(f64),
}

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkPlan {
    pub seed: u64,
    pub loss: Loss,
    /// Delay of each packet: even between zero and this.
    pub jitter: Duration,
    /// Share of packets that the next one overtakes.
    pub reorder: f64,
    /// Share of packets that come twice.
    pub duplicate: f64,
    /// How much faster the sender's clock runs, parts in a million.
    pub drift_ppm: i32,
}

impl LinkPlan {
    /// A wire: everything comes at once, in order, once.
    pub fn clean(seed: u64) -> Self {
        Self { seed, loss: Loss::Random(0.0), jitter: Duration::ZERO, reorder: 0.0, duplicate: 0.0, drift_ppm: 0 }
    }
}

/// No packet is later than this, reordered ones included.
pub const LONGEST_DELAY: Duration = Duration::from_millis(119);
/// What an overtaken packet waits more: longer than one packet time.
const OVERTAKEN: Duration = Duration::from_millis(30);
/// Mean length of a burst, packets.
const BURST: f64 = 5.0;

pub struct Link {
    plan: LinkPlan,
    random: StdRng,
    in_burst: bool,
}

impl Link {
    pub fn new(plan: LinkPlan) -> Self {
        Self { plan, random: StdRng::seed_from_u64(plan.seed), in_burst: false }
    }

    /// Our time of what the sender does at `sent` by its own clock.
    pub fn clock(&self, sent: Duration) -> Duration {
        sent.mul_f64(1.0 - f64::from(self.plan.drift_ppm) / 1_000_000.0)
    }

    /// Delays after which the copies of the next packet arrive; none: it is lost. Every draw is made for every
    /// packet, so that what one setting changes moves no other.
    pub fn delays(&mut self) -> Vec<Duration> {
        let lost = self.loses();
        let jitter = self.plan.jitter.mul_f64(self.random.random_range(0.0..1.0));
        let overtaken = self.random.random_range(0.0..1.0) < self.plan.reorder;
        let doubled = self.random.random_range(0.0..1.0) < self.plan.duplicate;
        if lost {
            return Vec::new();
        }
        let delay = if overtaken { jitter + OVERTAKEN } else { jitter }.min(LONGEST_DELAY);
        if doubled { vec![delay, delay + Duration::from_millis(1)] } else { vec![delay] }
    }

    fn loses(&mut self) -> bool {
        let draw = self.random.random_range(0.0..1.0);
        match self.plan.loss {
            Loss::Random(share) => draw < share,
            Loss::Bursts(share) => {
                let leave = 1.0 / BURST;
                let enter = share * leave / (1.0 - share);
                self.in_burst = if self.in_burst { draw >= leave } else { draw < enter };
                self.in_burst
            }
        }
    }
}

#[test]
fn the_link_does_what_it_says_and_the_same_again() {
    let plan = LinkPlan {
        loss: Loss::Bursts(0.1),
        jitter: Duration::from_millis(40),
        reorder: 0.05,
        duplicate: 0.02,
        ..LinkPlan::clean(7)
    };
    let run = || {
        let mut link = Link::new(plan);
        (0..100_000).map(|_| link.delays()).collect::<Vec<_>>()
    };
    let packets = run();
    assert_eq!(packets, run());
    let share = |wanted: &dyn Fn(&[Duration]) -> bool| packets.iter().filter(|p| wanted(p)).count() as f64 / 100_000.0;
    assert!((0.09..0.11).contains(&share(&|p| p.is_empty())));
    assert!((0.015..0.021).contains(&share(&|p| p.len() == 2)));
    let bursts = packets.windows(2).filter(|pair| pair[0].is_empty() && !pair[1].is_empty()).count() as f64;
    let mean = share(&|p| p.is_empty()) * 100_000.0 / bursts;
    assert!((4.5..5.5).contains(&mean), "{mean}");
}
