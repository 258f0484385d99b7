//! The JSON Schema of an answer, within what servers' strict modes take: every object closed, every key required, no
//! references, null for what was not said.

use serde_json::{Map, Value, json};

use crate::draft::taxonomy::{NO_CONTENT, Taxonomy};

/// `{value, turn, quote}` with this schema of `value`.
fn quoted(value: Value) -> Value {
    object([
        ("value", value),
        ("turn", json!({"type": ["integer", "null"]})),
        ("quote", json!({"type": ["string", "null"]})),
    ])
}

fn object<const N: usize>(properties: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(key, _)| *key).collect();
    let properties: Map<String, Value> =
        properties.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn one_of(values: &[&str]) -> Value {
    let values: Vec<Value> = values.iter().map(|value| json!(value)).chain([Value::Null]).collect();
    json!({"type": ["string", "null"], "enum": values})
}

pub fn codes(taxonomy: &Taxonomy) -> Vec<&str> {
    taxonomy.categories.iter().map(|category| category.code.as_str()).filter(|code| *code != NO_CONTENT).collect()
}

pub fn schema(taxonomy: &Taxonomy) -> Value {
    let text = || json!({"type": ["string", "null"]});
    let flag = || json!({"type": ["boolean", "null"]});
    let issue = object([
        ("request_type", quoted(one_of(&["complaint", "help", "enquiry", "suggestion", "report", "praise"]))),
        ("category", quoted(one_of(&codes(taxonomy)))),
        ("address", quoted(text())),
        ("district", quoted(text())),
        ("occurred_at", quoted(text())),
        ("urgency", quoted(one_of(&["emergency", "urgent", "high", "normal", "low"]))),
        ("respondent", quoted(text())),
        ("desired_outcome", quoted(text())),
    ]);
    object([
        ("caller_name", quoted(text())),
        ("spoken_phone", quoted(text())),
        ("anonymity", quoted(one_of(&["named", "confidential_to_handler", "anonymous"]))),
        ("follow_up_consent", quoted(one_of(&["yes", "no"]))),
        ("needs_interpreter", quoted(flag())),
        ("emergency", quoted(flag())),
        ("case_reference", quoted(text())),
        ("issues", json!({"type": "array", "items": issue})),
        ("title", text()),
        ("summary", text()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Drafter;
    use crate::draft::llm::answer::Answer;

    /// A value of the schema: the last of each choice, or null.
    fn sample(schema: &Value, null: bool) -> Value {
        let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        if null && kinds.contains(&json!("null")) {
            return Value::Null;
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choices[choices.len() - 2].clone();
        }
        match kinds[0].as_str().unwrap() {
            "object" => schema["properties"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, schema)| (key.clone(), sample(schema, null)))
                .collect::<Map<_, _>>()
                .into(),
            "array" => json!([sample(&schema["items"], null)]),
            "integer" => json!(1),
            "boolean" => json!(true),
            _ => json!("text"),
        }
    }

    fn closed(schema: &Value) -> usize {
        let mut objects = 0;
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
            let mut required: Vec<&str> =
                schema["required"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
            required.sort_unstable();
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            assert_eq!(required, sorted);
            objects += 1 + properties.values().map(closed).sum::<usize>();
        }
        objects + if schema["items"].is_object() { closed(&schema["items"]) } else { 0 }
    }

    #[test]
    fn every_object_is_closed_and_whatever_fits_the_schema_is_read() {
        let schema = schema(&Drafter::new().unwrap().taxonomy);
        assert!(closed(&schema) > 16);
        let validator = jsonschema::validator_for(&schema).unwrap();
        for null in [false, true] {
            let value = sample(&schema, null);
            assert!(validator.is_valid(&value), "{value}");
            let answer = Answer::read(&format!("```json\n{value}\n```")).unwrap();
            assert_eq!(answer.emergency.value, (!null).then_some(true));
            assert_eq!(answer.issues.len(), 1);
        }
    }
}
