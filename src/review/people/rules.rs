//! Who may do what at the desk: one line a route.

use axum::http::Method;

use super::agent::Role;

/// Who a route is for, once there are accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::review) enum For {
    /// No login: what shows nobody's data, is signed by itself, or is how one logs in.
    Anyone,
    /// Programs on this machine (Prometheus' agent) without a login, others as `Reader`.
    ThisMachine,
    /// Whoever is logged in.
    Reader,
    /// Agents, supervisors and administrators.
    Agent,
    Administrator,
    /// Auditors and administrators.
    Auditor,
}

impl For {
    pub fn allows(self, role: Role) -> bool {
        match self {
            Self::Anyone | Self::ThisMachine | Self::Reader => true,
            Self::Agent => role != Role::Auditor,
            Self::Administrator => role == Role::Administrator,
            Self::Auditor => matches!(role, Role::Auditor | Role::Administrator),
        }
    }

    /// Those it is for, in words.
    pub fn told(self) -> &'static str {
        match self {
            Self::Anyone | Self::ThisMachine | Self::Reader => "everybody with an account",
            Self::Agent => "agents, supervisors and administrators",
            Self::Administrator => "administrators",
            Self::Auditor => "auditors and administrators",
        }
    }
}

/// Method, route as the router has it, whom it is for. HEAD goes with GET. A route without a line is for nobody.
pub(in crate::review) const RULES: &[(&str, &str, For)] = &[
    ("GET", "/", For::Anyone),
    ("GET", "/assets/{*file}", For::Anyone),
    ("GET", "/page.css", For::Anyone),
    ("GET", "/icon.svg", For::Anyone),
    ("POST", "/api/login", For::Anyone),
    ("POST", "/api/logout", For::Anyone),
    ("GET", "/api/me", For::Reader),
    ("GET", "/api/calls", For::Reader),
    ("GET", "/api/calls/{id}", For::Reader),
    ("DELETE", "/api/calls/{id}", For::Administrator),
    // Nothing can be hidden of a voice.
    ("GET", "/api/calls/{id}/recording", For::Agent),
    ("POST", "/api/calls/{id}/emergency/acknowledge", For::Agent),
    ("POST", "/api/calls/{id}/transfer", For::Agent),
    ("GET", "/api/queue", For::Reader),
    ("POST", "/api/queue/next", For::Agent),
    // Whoever looks for a name or a number learns whether that person called.
    ("GET", "/api/search", For::Agent),
    ("GET", "/api/figures", For::Reader),
    ("GET", "/api/categories", For::Reader),
    ("GET", "/api/calls/{id}/review", For::Reader),
    ("PATCH", "/api/calls/{id}/review", For::Agent),
    ("POST", "/api/calls/{id}/claim", For::Agent),
    ("DELETE", "/api/calls/{id}/claim", For::Agent),
    ("POST", "/api/calls/{id}/seen", For::Agent),
    ("POST", "/api/calls/{id}/issues", For::Agent),
    ("POST", "/api/calls/{id}/links", For::Agent),
    ("POST", "/api/calls/{id}/decision", For::Agent),
    ("DELETE", "/api/calls/{id}/decision", For::Agent),
    // Old and new values as they are.
    ("GET", "/api/corrections", For::Administrator),
    ("GET", "/api/corrections/rates", For::Reader),
    ("GET", "/api/events", For::Reader),
    ("GET", "/api/deliveries", For::Reader),
    ("POST", "/api/deliveries/{id}/replay", For::Agent),
    ("GET", "/api/audit", For::Auditor),
    ("GET", "/api/openapi.json", For::Reader),
    ("GET", "/api/schema/ticket-draft.json", For::Reader),
    ("GET", "/api/schema/call-emergency.json", For::Reader),
    ("POST", "/intake/drafts", For::Anyone),
    ("POST", "/intake/emergencies", For::Anyone),
    // Whole drafts with everything in them, as a case system would hold them.
    ("GET", "/intake/drafts", For::Administrator),
    ("GET", "/intake/drafts/{id}", For::Administrator),
    ("GET", "/intake/emergencies", For::Administrator),
    ("GET", "/health/live", For::Anyone),
    ("GET", "/health/ready", For::Anyone),
    ("GET", "/metrics", For::ThisMachine),
];

/// `None`: no line.
pub(super) fn rule(method: &Method, route: &str) -> Option<For> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    RULES.iter().find(|(known, path, _)| *known == method.as_str() && *path == route).map(|(_, _, whom)| *whom)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::OpenApi as _;

    use super::*;
    use crate::review::openapi::Document;

    #[test]
    fn every_route_has_exactly_one_line_and_every_line_its_route() {
        let source = include_str!("../mod.rs");
        let routed = source.split(".route(").skip(1).filter_map(|rest| rest.split('"').nth(1));
        let routed: BTreeSet<&str> = routed.collect();
        let ruled: BTreeSet<&str> = RULES.iter().map(|(_, path, _)| *path).collect();
        assert_eq!(routed, ruled, "routes of the desk's router, and those with a line in RULES");
        let lines: BTreeSet<_> = RULES.iter().map(|(method, path, _)| (*method, *path)).collect();
        assert_eq!(lines.len(), RULES.len(), "no line twice");
        let document = serde_json::to_value(Document::openapi()).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                assert!(rule(&method, path).is_some(), "{method} {path} is documented and has no line");
            }
        }
    }

    #[test]
    fn an_auditor_changes_nothing_and_nobody_but_an_administrator_erases() {
        let changes = RULES.iter().filter(|(method, _, whom)| *method != "GET" && *whom != For::Anyone);
        for (method, path, whom) in changes {
            assert!(!whom.allows(Role::Auditor), "{method} {path}");
        }
        let erases = rule(&Method::DELETE, "/api/calls/{id}").unwrap();
        assert_eq!(Role::ALL.map(|role| erases.allows(role)), [false, false, true, false]);
    }
}
