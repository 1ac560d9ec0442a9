//! The pages that `es_core::guides` shows in rustdoc have links that work there and in the repository.

use std::collections::BTreeMap;

use crate::files;

const LINKS: &str = "es-core/src/guides/links.md";
const MODULE: &str = "es-core/src/guides/mod.rs";
/// Where rustdoc leads instead of to a page that is not shown.
const ELSEWHERE: &str = "crate::guides#in-the-repository";

/// The lines of a page that are not in a code block.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut in_block = false;
    page.lines().filter(move |line| {
        let fence = line.starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    })
}

/// The definitions `[label]: target` of a page.
fn definitions(page: &str) -> BTreeMap<&str, &str> {
    prose(page)
        .filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
        // `[text][label]: …` is prose.
        .filter(|(label, _)| !label.contains(']'))
        .collect()
}

/// The targets of its links `[text](target)`, which are not defined apart.
fn inline(page: &str) -> Vec<&str> {
    prose(page)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .collect()
}

/// The headings of a page, as links name them.
fn headings(page: &str) -> Vec<String> {
    let kept = |of: &char| of.is_alphanumeric() || matches!(of, ' ' | '-' | '_');
    prose(page)
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().chars().filter(kept).collect::<String>())
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect()
}

/// The guides: their modules by their pages, such as `rolling_deploys` by `rolling-deploys`.
fn guides() -> BTreeMap<String, String> {
    let (_, module) = files("rs").into_iter().find(|(path, _)| path == MODULE).expect("the module");
    let entry = |line: &str| {
        let (name, page) = line.trim().strip_suffix("\",")?.split_once(" = \"")?;
        Some((page.to_owned(), name.to_owned()))
    };
    module.lines().filter_map(entry).collect()
}

/// What rustdoc has to make of a link of the repository.
fn in_rustdoc(target: &str, guides: &BTreeMap<String, String>) -> String {
    let (page, heading) = target.split_once('#').map_or((target, None), |(page, of)| (page, Some(of)));
    match (guides.get(page.trim_end_matches(".md")), heading) {
        (Some(module), None) => format!("crate::guides::{module}"),
        (Some(module), Some(heading)) => format!("crate::guides::{module}#{heading}"),
        (None, _) => ELSEWHERE.to_owned(),
    }
}

/// The pages of this folder, without those in its folders.
fn pages() -> Vec<(String, String)> {
    let of = |(path, page): (String, String)| Some((path.strip_prefix("docs/")?.to_owned(), page));
    files("md").into_iter().filter_map(of).filter(|(name, _)| !name.contains('/')).collect()
}

#[test]
fn each_link_of_a_guide_is_defined_for_rustdoc() {
    let (guides, pages) = (guides(), pages());
    let mut wanted = BTreeMap::new();
    for (name, page) in &pages {
        if !guides.contains_key(name.trim_end_matches(".md")) {
            continue;
        }
        for target in inline(page) {
            let works = target.starts_with('#') || target.contains("://");
            assert!(works, "{name}: {target}: write `[text][label]`, and `[label]: {target}` at its end");
        }
        wanted.extend(definitions(page).into_iter().map(|(label, to)| (label, in_rustdoc(to, &guides))));
    }
    assert!(wanted.len() > 30, "{} links", wanted.len());
    let (_, links) = files("md").into_iter().find(|(path, _)| path == LINKS).expect("the links");
    let found: BTreeMap<_, _> =
        definitions(&links).into_iter().map(|(label, to)| (label, to.to_owned())).collect();
    let lines: Vec<_> = wanted.iter().map(|(label, to)| format!("[{label}]: {to}\n")).collect();
    assert!(found == wanted, "{LINKS} is to be:\n{}", lines.concat());
}

#[test]
fn each_link_of_a_page_leads_to_a_heading() {
    let all: BTreeMap<String, String> = files("md").into_iter().collect();
    let mut lost = Vec::new();
    for (name, page) in pages() {
        for target in inline(&page).into_iter().chain(definitions(&page).into_values()) {
            let (to, heading) = target.split_once('#').unwrap_or((target, ""));
            let to = match to.strip_prefix("../") {
                Some(of_root) => of_root.to_owned(),
                None if to.is_empty() => format!("docs/{name}"),
                None => format!("docs/{to}"),
            };
            let leads = |page: &String| heading.is_empty() || headings(page).iter().any(|of| of == heading);
            if to.ends_with(".md") && !target.contains("://") && !all.get(&to).is_some_and(leads) {
                lost.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(lost.is_empty(), "no such page or heading:\n{}", lost.join("\n"));
}
