//! The requests of one question, one after the other, until there is an answer or none is to be had. Servers differ in
//! how they can be held to a form: by a schema, to JSON, or not at all. Pure: `start`, then each reply to `handle`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::question::Question;

/// How the server is held to the answer's form, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `response_format` `json_schema`, strict.
    Schema,
    /// `response_format` `json_object`.
    Object,
    /// Only asked to.
    Plain,
}

impl Form {
    fn looser(self) -> Option<Self> {
        match self {
            Self::Schema => Some(Self::Object),
            Self::Object => Some(Self::Plain),
            Self::Plain => None,
        }
    }
}

/// What the server made of a request.
pub enum Reply {
    /// The body of a 200.
    Body(Vec<u8>),
    /// It does not take a request of this form (400, 415, 422).
    Refused,
}

pub enum Step {
    /// Post this body.
    Ask(Value),
    Answer(Box<Answer>),
    GaveUp(GaveUp),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// Refused in every form.
    Refused,
    /// What it wrote was not to be used, nor was its second try; why not.
    Invalid(String),
}

/// Scalars of a bad answer that its author is shown again.
const SHOWN_AGAIN: usize = 8_000;

pub struct Exchange<'a> {
    question: &'a Question,
    model: &'a str,
    form: Form,
    /// Of the last request.
    messages: Vec<Value>,
    /// The one second try was made.
    repaired: bool,
    /// A request of this form was taken.
    taken: bool,
}

impl<'a> Exchange<'a> {
    /// `form`: the strictest that the server is believed to take.
    pub fn new(question: &'a Question, model: &'a str, form: Form) -> Self {
        Self { question, model, form, messages: question.messages(form), repaired: false, taken: false }
    }

    /// The form of a request that the server took; `None`: it has taken none.
    pub fn taken(&self) -> Option<Form> {
        self.taken.then_some(self.form)
    }

    /// The first request.
    pub fn start(&self) -> Value {
        let mut body = json!({"model": self.model, "messages": self.messages, "temperature": 0, "stream": false});
        if let (Some(format), Some(body)) = (self.question.response_format(self.form), body.as_object_mut()) {
            body.insert("response_format".to_owned(), format);
        }
        body
    }

    pub fn handle(&mut self, reply: Reply) -> Step {
        match reply {
            // Only a first request tells whether the form is taken: a second one differs in more than that.
            Reply::Refused if self.taken => Step::GaveUp(GaveUp::Refused),
            Reply::Refused => match self.form.looser() {
                None => Step::GaveUp(GaveUp::Refused),
                Some(form) => {
                    self.form = form;
                    self.messages = self.question.messages(form);
                    Step::Ask(self.start())
                }
            },
            Reply::Body(body) => {
                self.taken = true;
                let said = match content(&body) {
                    Ok(said) => said,
                    Err(why) => return Step::GaveUp(GaveUp::Invalid(why)),
                };
                match Answer::read(&said) {
                    Ok(answer) => Step::Answer(Box::new(answer)),
                    Err(why) if self.repaired => Step::GaveUp(GaveUp::Invalid(why)),
                    Err(why) => self.again(&said, &why),
                }
            }
        }
    }

    fn again(&mut self, said: &str, why: &str) -> Step {
        self.repaired = true;
        let said: String = said.chars().take(SHOWN_AGAIN).collect();
        let ask =
            format!("That cannot be read: {why}. Answer again with only the whole JSON object, after the same schema.");
        self.messages.push(json!({"role": "assistant", "content": said}));
        self.messages.push(json!({"role": "user", "content": ask}));
        Step::Ask(self.start())
    }
}

/// What the model wrote. The error quotes none of it.
fn content(body: &[u8]) -> Result<String, String> {
    let document: Value = serde_json::from_slice(body).map_err(|_| "expected a chat completion, found no JSON")?;
    let said = document.pointer("/choices/0/message/content").and_then(Value::as_str);
    Ok(said.ok_or("expected a chat completion with choices[0].message.content, found none")?.to_owned())
}
