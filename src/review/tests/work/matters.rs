use super::*;

const UNDO: Duration = Duration::from_secs(10);

impl WorkDesk {
    async fn matters(&self, who: &str, call: CallId, revision: u64, body: &Value) -> Answer {
        let tag = format!("If-Match: \"{revision}\"");
        self.ask(who, "POST", &format!("/api/calls/{call}/issues"), &[&tag], body).await
    }

    async fn link(&self, call: CallId, body: &Value) -> Answer {
        let tag = format!("If-Match: \"{}\"", self.review(call).await["revision"]);
        self.ask("li/agent", "POST", &format!("/api/calls/{call}/links"), &[&tag], body).await
    }

    async fn merge(&self, who: &str, call: CallId, into: CallId) -> Answer {
        self.decide(who, call, json!({"decision": "merge", "into": into.to_string()})).await
    }

    async fn reference(&self, call: CallId) -> String {
        self.store.call(call).await.unwrap().unwrap().reference.to_string()
    }
}

fn ids(review: &Value) -> Vec<&str> {
    review["draft"]["issues"].as_array().unwrap().iter().map(|issue| issue["issue_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_draft_is_split_joined_and_delivered_so_and_of_two_who_do_it_at_once_one_is_told() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    let answer = desk.matters("li/agent", call, revision, &json!({"split": "i1"})).await;
    assert_eq!((answer.status, ids(&answer.json())), (200, vec!["i1", "a1"]), "{answer:?}");
    let now = answer.json()["revision"].as_u64().unwrap();
    assert!(now > revision);
    let stale = desk.matters("li/agent", call, revision, &json!({"split": "i1"})).await;
    assert_eq!((stale.status, ids(&stale.json()["current"])), (412, vec!["i1", "a1"]));
    let held = desk.matters("wang/agent", call, now, &json!({"join": "a1", "into": "i1"})).await;
    assert_eq!((held.status, &held.json()["holder"]), (409, &json!("li")));
    for wrong in
        [json!({"split": "i7"}), json!({"join": "i1"}), json!({}), json!({"split": "i1", "into": "i1"}), json!([])]
    {
        assert_eq!(desk.matters("li/agent", call, now, &wrong).await.status, 422, "{wrong}");
    }
    let path = format!("/api/calls/{call}/issues");
    assert_eq!(desk.post("li/agent", &path, json!({"split": "i1"})).await.status, 428);

    let edits = json!([{"pointer": "/issues/1/category", "value": "road.tree"},
                       {"pointer": "/issues/1/description", "value": "A tree fell."}]);
    assert_eq!(desk.edit("li/agent", call, now, edits).await.status, 200);
    desk.see_all(call).await;
    let approved = desk.decide("li/agent", call, json!({"decision": "approve"})).await;
    assert_eq!(approved.status, 200, "{approved:?}");
    desk.step(UNDO);
    let due = desk.due().await;
    let [first, second] = due[0]["issues"].as_array().unwrap().as_slice() else { panic!("{due:?}") };
    assert_eq!((&first["issue_id"], &second["issue_id"]), (&json!("i1"), &json!("a1")));
    assert_eq!(
        (&second["category"]["value"], &second["description"]["value"]),
        (&json!("road.tree"), &json!("A tree fell."))
    );
    assert_eq!(first["location"], second["location"]);
}

#[tokio::test]
async fn calls_are_linked_by_id_or_reference_and_a_link_can_be_denied_and_taken_back() {
    let desk = WorkDesk::start().await;
    let (call, other) = (desk.drafted(&LINES).await, desk.drafted(&["No heat."]).await);
    let reference = desk.reference(other).await;
    let spaced = format!("{} {} {}", &reference[..4], &reference[4..7], &reference[7..]);
    for (body, wanted) in [
        (json!({"call": other.to_string(), "linked": true}), json!(true)),
        (json!({"call": other.to_string(), "linked": false}), Value::Null),
        (json!({"reference": spaced, "linked": true}), json!(true)),
        (json!({"reference": reference, "linked": null}), Value::Null),
    ] {
        let answer = desk.link(call, &body).await;
        let review = answer.json();
        assert_eq!((answer.status, &review["draft"]["related"][0]["confirmed"]), (200, &wanted), "{body}: {review}");
        if wanted == json!(true) {
            assert_eq!(review["draft"]["related"][0]["ref"], json!(reference));
        }
    }
    for (body, pointer) in [
        (json!({"call": call.to_string(), "linked": true}), "/call"),
        (json!({"call": CallId::new().to_string(), "linked": true}), "/call"),
        (json!({"call": "../../etc", "linked": true}), "/call"),
        (json!({"reference": "0000000000", "linked": true}), "/reference"),
    ] {
        let answer = desk.link(call, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["pointer"]),
            (422, &json!(pointer)),
            "{body}: {answer:?}"
        );
    }
    for junk in [json!({"linked": true}), json!({"call": other.to_string(), "reference": reference, "linked": true})] {
        assert_eq!(desk.link(call, &junk).await.status, 422, "{junk}");
    }
}

#[tokio::test]
async fn a_call_is_merged_into_the_one_it_belongs_to_and_both_say_so_until_it_is_undone() {
    let desk = WorkDesk::start().await;
    let (first, again, third) = (desk.drafted(&LINES).await, desk.drafted(&LINES).await, desk.drafted(&LINES).await);
    for call in [again, third] {
        let answer = desk.merge("li/agent", call, first).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let told = json!({"call": first.to_string(), "reference": desk.reference(first).await});
    assert_eq!(desk.review(again).await["decision"]["into"], told);
    assert_eq!(desk.review(first).await["merged"].as_array().unwrap().len(), 2);
    assert_eq!(desk.undo("li/agent", third).await.status, 204);
    let merged = json!([{"call": again.to_string(), "reference": desk.reference(again).await}]);
    assert_eq!(desk.review(first).await["merged"], merged);
    desk.step(UNDO);
    let due = desk.due().await;
    assert_eq!((due.len(), &due[0]["review"]["decision"]), (1, &json!("merge")));
    assert_eq!(due[0]["review"]["into"], json!({"call_id": told["call"], "ref": told["reference"]}));

    desk.see_all(first).await;
    let approved = desk.decide("li/agent", first, json!({"decision": "approve"})).await;
    assert_eq!(approved.status, 200, "{approved:?}");
    desk.step(UNDO);
    let due = desk.due().await;
    let decided = due.iter().find(|draft| draft["review"]["decision"] == "approve").expect("the first");
    let related = decided["related"].as_array().unwrap();
    let tie = related.iter().find(|related| related["call_id"] == again.to_string()).expect("who called again");
    assert_eq!((&tie["relation"], &tie["confirmed"]), (&json!("merged"), &json!(true)));
}

#[tokio::test]
async fn no_merge_makes_a_chain_or_a_ring_whoever_is_first() {
    let desk = WorkDesk::start().await;
    let (a, b, c) = (desk.drafted(&LINES).await, desk.drafted(&LINES).await, desk.drafted(&LINES).await);
    for (into, pointer) in [(a, "/review/into"), (CallId::new(), "/review/into")] {
        let answer = desk.merge("li/agent", a, into).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{answer:?}");
    }
    for body in [json!({"decision": "merge"}), json!({"decision": "approve", "into": b.to_string()})] {
        assert_eq!(desk.decide("li/agent", a, body.clone()).await.status, 422, "{body}");
    }
    // Each into the other, at once: one comes first.
    desk.claim("li/agent", a).await;
    desk.claim("wang/agent", b).await;
    let (one, two) = tokio::join!(desk.merge("li/agent", a, b), desk.merge("wang/agent", b, a));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {two:?}");
    let (merged, target, refused) = if one.status == 200 { (a, b, two) } else { (b, a, one) };
    assert!(refused.json()["type"].as_str().unwrap().ends_with("merged"), "{refused:?}");
    assert!(refused.json()["detail"].as_str().unwrap().contains(&desk.reference(merged).await), "{refused:?}");
    // Nor into the one that is gone into another.
    let chain = desk.merge("li/agent", c, merged).await;
    assert_eq!(chain.status, 409, "{chain:?}");
    assert!(
        chain.json()["detail"].as_str().unwrap().contains(&desk.reference(target).await),
        "it says where: {chain:?}"
    );
    assert_eq!(desk.merge("li/agent", c, target).await.status, 200);
    // A call that is up may already be the one.
    let (live, d) = (desk.live(&LINES).await, desk.drafted(&LINES).await);
    assert_eq!(desk.merge("li/agent", d, live).await.status, 200);
}
