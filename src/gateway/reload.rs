//! SIGHUP: what can change while calls are taken is taken over; the rest is named.

use super::{Gateway, StartError};
use crate::config::Config;
use crate::config::changes::Changes;
use crate::pipeline::LinePrompts;

impl Gateway {
    /// Takes over what of `fresh` can be without a restart; calls on the line keep what they began with. On any
    /// mistake nothing is changed.
    pub fn reload(&self, fresh: &Config) -> Result<Changes, StartError> {
        let old = self.stages.settings.now();
        let changes = Changes::between(&old.config, fresh);
        let merged = old.config.with_live_of(fresh);
        merged.check_ports()?;
        let prompts = LinePrompts::load(&merged)?;
        // What may refuse (an unreadable certificate) comes first; from then on nothing can.
        let changes_of_doors: Result<Vec<_>, _> = self.doors.iter().map(|door| door.reload(&merged)).collect();
        changes_of_doors.map_err(StartError::Door)?.into_iter().for_each(|change| change());
        self.admission.resize(merged.sip.max_calls);
        self.stages.settings.replace(merged, prompts);
        Ok(changes)
    }
}
