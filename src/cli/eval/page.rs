//! The one look of every report's page: no script, nothing from elsewhere.

/// A whole page; `head` and `body` are HTML, the title is text.
pub(super) fn document(title: &str, head: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{title}</h1>\n{head}</header>\n\
         {body}</main>\n</body>\n</html>\n",
        include_str!("page.css"),
    )
}

/// For text and for quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A figure that matters; all of it text.
pub(super) struct Tile {
    pub value: String,
    pub label: String,
    pub more: String,
}

pub(super) fn tiles(tiles: &[Tile]) -> String {
    let one = |Tile { value, label, more }: &Tile| {
        let (value, label, more) = (escaped(value), escaped(label), escaped(more));
        format!("<div class=tile><b>{value}</b><span>{label}</span><small>{more}</small></div>\n")
    };
    format!("<section class=tiles>\n{}</section>\n", tiles.iter().map(one).collect::<String>())
}

/// What could not be measured, each with its reason; nothing when all could.
pub(super) fn problems(problems: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> String {
    let list: String = problems
        .map(|(what, why)| format!("<li><b>{}</b>: {}</li>\n", escaped(what.as_ref()), escaped(why.as_ref())))
        .collect();
    if list.is_empty() {
        return list;
    }
    format!("<section class=\"box wrong\">\n<h2>Not measured</h2>\n<ul>\n{list}</ul>\n</section>\n")
}
