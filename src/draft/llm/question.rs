//! What the model is asked: the call's turns, masked, numbered and bounded, and what each way of asking needs beside them.

use serde::Serialize;
use serde_json::{Value, json};

use super::exchange::Form;
use super::mask::{Hidden, Masked, Placeholders};
use super::shape;
use crate::draft::Drafter;
use crate::draft::evidence::Segment;
use crate::draft::schema::TicketDraft;

const INSTRUCTIONS: &str = include_str!("../data/llm-instructions.txt");

/// How much of a call is asked about; what was said later stays out.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub turns: usize,
    /// Scalars of all turns together.
    pub chars: usize,
}

/// One turn of the caller, numbered from 1.
pub struct Turn {
    /// Index among the segments with text.
    pub line: usize,
    pub masked: Masked,
}

/// What is asked about one call, and the way back from the answer's quotes.
pub struct Question {
    turns: Vec<Turn>,
    instructions: String,
    schema: Value,
}

#[derive(Serialize)]
struct Sent {
    turn: usize,
    text: String,
}

impl Question {
    /// `None`: there are no words to ask about. `draft` is the rules' draft of these segments.
    pub fn new(drafter: &Drafter, draft: &TicketDraft, segments: &[Segment<'_>], bounds: Bounds) -> Option<Self> {
        let hidden = Hidden::of(draft, segments);
        let mut placeholders = Placeholders::default();
        let mut room = bounds.chars;
        let mut turns = Vec::new();
        for (line, segment) in segments.iter().enumerate().take(bounds.turns) {
            let mut masked = Masked::new(line, segment, &hidden, &mut placeholders);
            masked.cut(room);
            if masked.chars.is_empty() {
                break;
            }
            room -= masked.chars.len();
            turns.push(Turn { line, masked });
        }
        let codes = shape::codes(&drafter.taxonomy).join(", ");
        let instructions = format!("{INSTRUCTIONS}\nCategory codes: {codes}\n");
        (!turns.is_empty()).then(|| Self { turns, instructions, schema: shape::schema(&drafter.taxonomy) })
    }

    /// By its number in the question.
    pub fn turn(&self, number: u32) -> Option<&Turn> {
        self.turns.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// The messages of a first request. Where the server does not hold the model to the schema, the model is shown it.
    pub fn messages(&self, form: Form) -> Vec<Value> {
        let mut system = self.instructions.clone();
        if form != Form::Schema {
            system.push_str(&format!("\nJSON Schema of the answer:\n{}\n", self.schema));
        }
        let sent = self
            .turns
            .iter()
            .zip(1..)
            .map(|(turn, number)| Sent { turn: number, text: turn.masked.chars.iter().collect() });
        // Inside JSON "<" may be written as an escape: nobody can say the mark that ends the transcript.
        let data = json!({"turns": sent.collect::<Vec<_>>()}).to_string().replace('<', "\\u003c");
        let user = format!("<transcript>\n{data}\n</transcript>");
        vec![json!({"role": "system", "content": system}), json!({"role": "user", "content": user})]
    }

    /// What holds the model to the form.
    pub fn response_format(&self, form: Form) -> Option<Value> {
        match form {
            Form::Schema => Some(json!({
                "type": "json_schema",
                "json_schema": {"name": "ticket", "strict": true, "schema": self.schema},
            })),
            Form::Object => Some(json!({"type": "json_object"})),
            Form::Plain => None,
        }
    }
}
