//! A store in memory, as far as the desk uses one.

use std::sync::Mutex;

use async_trait::async_trait;

use crate::call::{CallId, EndCause, LostSpan, Reference, Utterance};
use crate::store::*;

#[derive(Default)]
pub(super) struct FakeStore {
    pub calls: Mutex<Vec<CallRow>>,
    pub damaged: Mutex<Vec<CallId>>,
    pub drafts: Mutex<Vec<(CallId, String, bool)>>,
    pub utterances: Mutex<Vec<(CallId, Utterance)>>,
    pub deliveries: Mutex<Vec<DeliveryRow>>,
    /// (webhook id, idempotency key, hash, body)
    pub received: Mutex<Vec<(String, String, String, String)>>,
    pub emergencies: Mutex<Vec<EmergencyRow>>,
    pub received_emergencies: Mutex<Vec<(String, String, String, String)>>,
}

const UNUSED: &str = "the desk never writes calls";

#[async_trait]
impl Store for FakeStore {
    async fn create_call(&self, _: NewCall) -> Result<Reference, StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn answer_call(&self, _: CallId, _: i64) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn refuse_call(&self, _: CallId, _: EndCause, _: i64) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn note_progress(&self, _: CallId, _: Progress) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn end_call(&self, _: CallId, _: CallEnd) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn append_utterance(&self, _: CallId, _: Utterance) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn put_live_draft(&self, _: CallId, _: String) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn complete_draft(&self, _: CompletedDraft) -> Result<bool, StoreError> {
        unreachable!("{UNUSED}")
    }

    async fn call(&self, call: CallId) -> Result<Option<CallRow>, StoreError> {
        Ok(self.calls.lock().unwrap().iter().find(|row| row.id == call).cloned())
    }
    async fn draft(&self, call: CallId) -> Result<Option<(String, bool)>, StoreError> {
        let drafts = self.drafts.lock().unwrap();
        Ok(drafts.iter().find(|(id, ..)| *id == call).map(|(_, body, complete)| (body.clone(), *complete)))
    }
    async fn utterances(&self, call: CallId) -> Result<Vec<Utterance>, StoreError> {
        let all = self.utterances.lock().unwrap();
        Ok(all.iter().filter(|(id, _)| *id == call).map(|(_, utterance)| utterance.clone()).collect())
    }
    async fn fill_in(&self, _: CallId, _: Utterance) -> Result<(), StoreError> {
        unreachable!("the desk recognises nothing")
    }

    async fn to_fill_in(&self, _: u32, _: u32) -> Result<Vec<CallId>, StoreError> {
        unreachable!("the desk recognises nothing")
    }

    async fn lost_spans(&self, _: CallId) -> Result<Vec<LostSpan>, StoreError> {
        Ok(Vec::new())
    }
    async fn calls(&self, before: Option<CallId>, limit: u32) -> Result<CallPage, StoreError> {
        let mut calls = self.calls.lock().unwrap().clone();
        calls.sort_by_key(|row| std::cmp::Reverse(row.id));
        calls.retain(|row| before.is_none_or(|before| row.id < before));
        let more = calls.len() > limit as usize;
        calls.truncate(limit as usize);
        let next = if more { calls.last().map(|row| row.id) } else { None };
        Ok(CallPage { calls, damaged: self.damaged.lock().unwrap().clone(), next })
    }
    async fn unfinished(&self) -> Result<Vec<CallRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn damaged(&self) -> Result<Vec<CallId>, StoreError> {
        Ok(self.damaged.lock().unwrap().clone())
    }

    async fn deliveries(&self, call: CallId) -> Result<Vec<DeliveryRow>, StoreError> {
        Ok(self.deliveries.lock().unwrap().iter().filter(|row| row.call == call).cloned().collect())
    }
    async fn due_deliveries(&self, _: i64, _: u32) -> Result<Vec<(DeliveryRow, String)>, StoreError> {
        Ok(Vec::new())
    }
    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }
    async fn record_attempt(&self, _: AttemptResult) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }
    async fn dead_deliveries(&self, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        let all = self.deliveries.lock().unwrap();
        Ok(all.iter().filter(|row| row.state == DeliveryState::Dead).take(limit as usize).cloned().collect())
    }
    async fn replay(&self, delivery: &str, now_unix_ms: i64) -> Result<(), StoreError> {
        let mut all = self.deliveries.lock().unwrap();
        let row = all.iter_mut().find(|row| row.id == delivery && row.state == DeliveryState::Dead);
        let row = row.ok_or_else(|| StoreError::NotFound { what: "delivery", id: delivery.into() })?;
        row.state = DeliveryState::Pending;
        row.next_attempt_unix_ms = now_unix_ms;
        Ok(())
    }
    async fn make_due(&self, _: &str, _: i64) -> Result<(), StoreError> {
        unreachable!("{UNUSED}")
    }

    async fn receive(&self, id: &str, key: &str, hash: &str, body: &str, _: i64) -> Result<Received, StoreError> {
        Ok(keep(&self.received, id, key, hash, body))
    }
    async fn received(&self, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        let all = self.received.lock().unwrap();
        Ok(all.iter().rev().take(limit as usize).map(|(id, _, _, body)| (id.clone(), body.clone())).collect())
    }

    async fn close(&self) {}
}

fn keep(all: &Mutex<Vec<(String, String, String, String)>>, id: &str, key: &str, hash: &str, body: &str) -> Received {
    let mut all = all.lock().unwrap();
    if let Some((_, _, known, _)) = all.iter().find(|(_, known, ..)| known == key) {
        return if known == hash { Received::Duplicate } else { Received::Conflict };
    }
    all.push((id.into(), key.into(), hash.into(), body.into()));
    Received::Accepted
}

#[async_trait]
impl Emergencies for FakeStore {
    async fn raise(&self, _: NewEmergency) -> Result<bool, StoreError> {
        unreachable!("the desk raises nothing")
    }
    async fn emergency(&self, call: CallId) -> Result<Option<EmergencyRow>, StoreError> {
        Ok(self.emergencies.lock().unwrap().iter().find(|row| row.call == call).cloned())
    }
    async fn unacknowledged(&self, _: i64, _: u32) -> Result<Vec<EmergencyRow>, StoreError> {
        unreachable!("the desk escalates nothing")
    }
    async fn acknowledge(&self, call: CallId, acknowledged: Acknowledged) -> Result<EmergencyRow, StoreError> {
        let mut all = self.emergencies.lock().unwrap();
        let row = all.iter_mut().find(|row| row.call == call);
        let row = row.ok_or_else(|| StoreError::NotFound { what: "emergency", id: call.to_string() })?;
        row.acknowledged.get_or_insert(acknowledged);
        Ok(row.clone())
    }
    async fn escalate(&self, _: CallId, _: i64) -> Result<bool, StoreError> {
        unreachable!("the desk escalates nothing")
    }
    async fn receive_emergency(
        &self,
        id: &str,
        key: &str,
        hash: &str,
        body: &str,
        _: i64,
    ) -> Result<Received, StoreError> {
        Ok(keep(&self.received_emergencies, id, key, hash, body))
    }
    async fn received_emergencies(&self, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        let all = self.received_emergencies.lock().unwrap();
        Ok(all.iter().rev().take(limit as usize).map(|(id, _, _, body)| (id.clone(), body.clone())).collect())
    }
}
