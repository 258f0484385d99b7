//! The part of the configuration that may change while calls are taken. A call keeps what was in force when it rang.

use std::sync::{Arc, PoisonError, RwLock};

use super::voice::LinePrompts;
use crate::config::Config;

/// A configuration with what was loaded for it.
pub struct InForce {
    pub config: Config,
    pub prompts: LinePrompts,
}

/// The configuration in force, replaced as a whole.
pub struct Settings(RwLock<Arc<InForce>>);

impl Settings {
    pub fn new(config: Config, prompts: LinePrompts) -> Self {
        Self(RwLock::new(Arc::new(InForce { config, prompts })))
    }

    pub fn now(&self) -> Arc<InForce> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For the calls that ring from now on.
    pub fn replace(&self, config: Config, prompts: LinePrompts) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(InForce { config, prompts });
    }
}
