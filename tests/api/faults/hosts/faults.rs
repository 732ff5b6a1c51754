//! What happens to hosts, databases and the network between them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::crash::storm::Dice;
use super::Addresses;
use crate::support::{Darkroom, Gate, Postgres, Redis};

/// How often each kind of fault has happened.
type Counts = BTreeMap<&'static str, usize>;

pub(super) struct Faults {
    pub(super) postgres: Postgres,
    /// The network between each host and PostgreSQL.
    pub(super) gates: Vec<Gate>,
    pub(super) hosts: Vec<Darkroom>,
    pub(super) redis: Option<Redis>,
    pub(super) addresses: Addresses,
    pub(super) dice: Dice,
    pub(super) counts: Counts,
}

impl Faults {
    /// A round of faults, after which everything works again.
    pub(super) async fn happen(&mut self) {
        let slow = self.dice.index(2 * self.gates.len());
        if let Some(gate) = self.gates.get(slow) {
            *self.counts.entry("delayed network").or_default() += 1;
            gate.slow_down(Duration::from_millis(50));
        }
        for _ in 0..2 {
            self.pause(300).await;
            match self.dice.below(6) {
                0 | 1 => self.kill_a_host(),
                2 => self.kill_postgres().await,
                3 => self.kill_redis().await,
                _ => self.cut_the_network().await,
            }
        }
        self.pause(300).await;
        for gate in &self.gates {
            gate.slow_down(Duration::ZERO);
        }
    }

    /// What has happened.
    pub(super) fn summary(&self) -> String {
        let counts = self.counts.iter();
        let counts: Vec<_> = counts
            .map(|(what, count)| format!("{count} × {what}"))
            .collect();
        counts.join(", ")
    }

    async fn pause(&mut self, most: u64) {
        tokio::time::sleep(Duration::from_millis(20 + self.dice.below(most))).await;
    }

    fn kill_a_host(&mut self) {
        *self.counts.entry("killed host").or_default() += 1;
        let number = self.dice.index(self.hosts.len());
        let host = &mut self.hosts[number];
        host.kill();
        tokio::task::block_in_place(|| host.start_again());
        let mut addresses = self.addresses.lock().expect("not poisoned");
        host.address().clone_into(&mut addresses[number]);
    }

    async fn kill_postgres(&mut self) {
        *self.counts.entry("killed PostgreSQL").or_default() += 1;
        let pause = Duration::from_millis(self.dice.below(300));
        self.postgres.kill(tokio::time::sleep(pause)).await;
    }

    async fn kill_redis(&mut self) {
        if let Some(redis) = &mut self.redis {
            *self.counts.entry("killed Redis").or_default() += 1;
            redis.stop();
            tokio::time::sleep(Duration::from_millis(self.dice.below(300))).await;
            redis.start_again();
        }
    }

    /// Connections are cut, and for a while, new ones are refused or not answered.
    async fn cut_the_network(&mut self) {
        *self.counts.entry("cut network").or_default() += 1;
        let (number, is_silent) = (self.dice.index(self.gates.len()), self.dice.below(2) == 0);
        match is_silent {
            true => self.gates[number].hush(),
            false => self.gates[number].shut(),
        }
        self.pause(1500).await;
        self.gates[number].open();
    }
}
