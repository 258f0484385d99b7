//! Live calls that an agent may pass on to the line's own destination: the desk asks, the call's own loop acts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc};

use super::facts::Known;
use crate::call::{CallEvent, CallId, Origin, Transfer, TransferState};
use crate::review::{self, NotPossible};

/// All of them.
#[derive(Clone)]
pub struct Transfers {
    calls: Arc<Mutex<HashMap<CallId, Entry>>>,
    events: broadcast::Sender<CallEvent>,
}

struct Entry {
    transfer: Transfer,
    ask: mpsc::Sender<()>,
}

/// One call's place among them; dropping it gives it up.
pub(super) struct Place {
    call: CallId,
    to: String,
    all: Transfers,
}

impl Transfers {
    pub fn new(events: broadcast::Sender<CallEvent>) -> Self {
        Self { calls: Arc::default(), events }
    }

    /// The receiver tells when the desk asks; it is closed from the start where there is nowhere to pass the call on to.
    pub(super) fn enter(&self, known: &Known) -> (Option<Place>, mpsc::Receiver<()>) {
        let (ask, asked) = mpsc::channel(1);
        let by_phone = matches!(known.origin, Origin::Sip { .. });
        let place = known.line.emergency_transfer.as_deref().filter(|_| by_phone).map(|to| {
            self.lock().insert(known.call, Entry { transfer: Transfer::possible(to), ask });
            Place { call: known.call, to: to.to_owned(), all: self.clone() }
        });
        (place, asked)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Entry>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self, call: CallId) -> Option<Transfer> {
        self.lock().get(&call).map(|entry| entry.transfer.clone())
    }

    /// Told with the lock held, so that watchers hear it in the order it happened.
    fn change(&self, call: CallId, entry: &mut Entry, state: TransferState, detail: Option<String>) {
        entry.transfer.state = state;
        entry.transfer.detail.clone_from(&detail);
        let _nobody_watches = self.events.send(CallEvent::Transfer { call, state, detail });
    }
}

impl review::Transfers for Transfers {
    fn of(&self, call: CallId) -> Option<Transfer> {
        self.now(call)
    }

    fn ask(&self, call: CallId) -> Result<(), NotPossible> {
        let mut calls = self.lock();
        let entry = calls.get_mut(&call).ok_or(NotPossible::Nowhere)?;
        match entry.transfer.state {
            TransferState::Asked => return Err(NotPossible::UnderWay),
            TransferState::Done => return Err(NotPossible::Over),
            TransferState::Possible | TransferState::Failed => {}
        }
        // A call that does not listen any more is being finished.
        entry.ask.try_send(()).map_err(|_| NotPossible::Over)?;
        self.change(call, entry, TransferState::Asked, None);
        Ok(())
    }
}

impl Place {
    pub fn to(&self) -> &str {
        &self.to
    }

    pub fn is_asked(&self) -> bool {
        self.all.now(self.call).is_some_and(|transfer| transfer.state == TransferState::Asked)
    }

    /// What is to be kept of it.
    pub fn kept(&self) -> Option<Transfer> {
        self.all.now(self.call)?.asked_for()
    }

    pub fn tell(&self, state: TransferState, detail: Option<String>) {
        if let Some(entry) = self.all.lock().get_mut(&self.call) {
            self.all.change(self.call, entry, state, detail);
        }
    }

    /// The call is over.
    pub fn over(&self) {
        if let Some(asked) = self.kept().filter(|transfer| transfer.state == TransferState::Asked) {
            let Transfer { state, detail, .. } = asked.over();
            self.tell(state, detail);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.lock().remove(&self.call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{DraftId, Party, Reference};
    use crate::config::Line;
    use crate::review::Transfers as _;

    const TO: &str = "sip:999@trunk.example";

    fn known(to: Option<&str>, origin: Origin) -> Known {
        Known {
            call: CallId::new(),
            draft: DraftId::new(),
            reference: Reference::from_random(1),
            line: Line { emergency_transfer: to.map(str::to_owned), ..Line::default() },
            party: Party::default(),
            origin,
            dialled: None,
            follows: None,
            language: None,
            started_unix_ms: 0,
            answered_unix_ms: None,
        }
    }

    fn by_phone() -> Origin {
        let source = ([127, 0, 0, 1], 5060).into();
        Origin::Sip { sip_call_id: "a@b".into(), source, transport: "udp".into(), user_agent: None }
    }

    fn told(events: &mut broadcast::Receiver<CallEvent>) -> (TransferState, Option<String>) {
        match events.try_recv() {
            Ok(CallEvent::Transfer { state, detail, .. }) => (state, detail),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_without_a_destination_cannot_be_passed_on() {
        let transfers = Transfers::new(broadcast::Sender::new(8));
        let known = known(None, by_phone());
        let (place, mut asked) = transfers.enter(&known);
        assert!(place.is_none() && asked.try_recv().is_err());
        assert_eq!((transfers.of(known.call), transfers.ask(known.call)), (None, Err(NotPossible::Nowhere)));
    }

    #[test]
    fn one_wish_is_under_way_at_a_time_and_a_failed_one_may_be_made_again() {
        let (events, mut watch) = broadcast::channel(8);
        let (transfers, known) = (Transfers::new(events), known(Some(TO), by_phone()));
        let (place, mut asked) = transfers.enter(&known);
        let place = place.unwrap();
        assert_eq!(transfers.of(known.call), Some(Transfer::possible(TO)));
        assert!(place.kept().is_none(), "nobody asked");
        transfers.ask(known.call).unwrap();
        assert_eq!(told(&mut watch), (TransferState::Asked, None));
        assert_eq!(transfers.ask(known.call), Err(NotPossible::UnderWay));
        asked.try_recv().unwrap();
        assert!(place.is_asked() && asked.try_recv().is_err(), "asked once");
        place.tell(TransferState::Failed, Some("busy".into()));
        assert_eq!(told(&mut watch), (TransferState::Failed, Some("busy".into())));
        transfers.ask(known.call).unwrap();
        asked.try_recv().unwrap();
        place.tell(TransferState::Done, None);
        assert_eq!(transfers.ask(known.call), Err(NotPossible::Over));
        assert_eq!(place.kept().unwrap().state, TransferState::Done);
        drop(place);
        assert_eq!((transfers.of(known.call), transfers.ask(known.call)), (None, Err(NotPossible::Nowhere)));
    }

    #[test]
    fn a_wish_that_met_the_end_of_the_call_has_failed_and_is_kept() {
        let (events, mut watch) = broadcast::channel(8);
        let (transfers, known) = (Transfers::new(events), known(Some(TO), by_phone()));
        let (place, asked) = transfers.enter(&known);
        let place = place.unwrap();
        transfers.ask(known.call).unwrap();
        told(&mut watch);
        // The call's loop ended before it read the wish.
        drop(asked);
        place.over();
        let (state, detail) = told(&mut watch);
        assert!(state == TransferState::Failed && detail.unwrap().contains("ended before"));
        assert_eq!(place.kept().unwrap().state, TransferState::Failed);
        assert_eq!(transfers.ask(known.call), Err(NotPossible::Over), "nobody listens any more");
    }
}
