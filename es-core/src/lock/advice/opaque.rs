//! Advice for a part without a shape.

use crate::shape::{OpaqueCause, OpaquePart, without_paths};

/// What to write for an opaque part of the type `within`.
pub(in crate::lock) fn no_shape(part: &OpaquePart, within: &str) -> String {
    let mut lacking = Lacking::default();
    if let OpaqueCause::Type(path) = &part.cause {
        lacking.find(path, crate_of(within), FEATURES);
    }
    advice(&lacking)
}

fn advice(lacking: &Lacking) -> String {
    let form = "`#[shape(\"…\")]`, with a form such as `string:date-time`, `i64` or `list<string>`";
    let as_type = "`#[shape(as = …)]`, with a type that is written the same and has a shape";
    let foreign: Vec<String> = lacking
        .foreign
        .iter()
        .map(|path| format!("`{}` belongs to the crate `{}`", without_paths(path), crate_of(path)))
        .collect();
    let own: Vec<String> = lacking.own.iter().map(|name| format!("`{name}`")).collect();
    let features = lacking.features.iter().map(|(name, feature)| {
        format!("`{name}` has a shape with the feature `{feature}` of es-core: enable it. ")
    });
    let features: String = features.collect();
    if !features.is_empty() && own.is_empty() && foreign.is_empty() {
        return format!("{features}Or declare on the field how it is written: {as_type}, or {form}.");
    }
    let rest = match (&own[..], &foreign[..]) {
        ([], []) => format!("Declare on the field how it is written: {form}."),
        ([], foreign) => {
            format!(
                "{}, so declare on the field how it is written: {as_type}, or {form}.",
                foreign.join(" and ")
            )
        }
        ([name], []) => {
            format!(
                "Derive `es_core::shape::Shape` for {name}, or declare on the field how it is written: \
                 {form}."
            )
        }
        (names, []) => format!(
            "Derive `es_core::shape::Shape` for each of {} without a shape, or declare on the field how it \
             is written: {form}.",
            names.join(", ")
        ),
        (names, foreign) => format!(
            "Derive `es_core::shape::Shape` for {} if it is not derived yet. If it is, a parameter has no \
             shape: {}, so declare on the field how it is written: {as_type}, or {form}.",
            names.join(" and "),
            foreign.join(" and "),
        ),
    };
    features + &rest
}

/// Crates whose types have a shape if they can have one.
const DESCRIBED: &[&str] = &["alloc", "core", "es_core", "serde_json", "std", "time", "uuid"];

/// A feature of es-core that describes types of another crate.
#[derive(Clone, Copy)]
struct Feature {
    name: &'static str,
    of: &'static str,
    is_on: bool,
    types: &'static [&'static str],
}

macro_rules! features {
    ($($name:literal $of:literal: $($ty:literal),*;)*) => {
        &[$(Feature { name: $name, of: $of, is_on: cfg!(feature = $name), types: &[$($ty),*] }),*]
    };
}

const FEATURES: &[Feature] = features! {
    "bigdecimal" "bigdecimal": "BigDecimal";
    "bytes" "bytes": "Bytes", "BytesMut";
    "chrono" "chrono": "DateTime", "NaiveDateTime", "NaiveDate", "NaiveTime", "Month", "Weekday";
    "indexmap" "indexmap": "IndexMap", "IndexSet";
    "ordered-float" "ordered_float": "OrderedFloat", "NotNan";
    "rust_decimal" "rust_decimal": "Decimal";
    "smallvec" "smallvec": "SmallVec";
    "url" "url": "Url";
};

/// The types that may have no shape.
#[derive(Default)]
struct Lacking {
    /// Types of the user's crate, without their arguments.
    own: Vec<String>,
    /// Types of other crates, with their arguments.
    foreign: Vec<String>,
    /// Types that a disabled feature describes, with that feature.
    features: Vec<(String, &'static str)>,
}

impl Lacking {
    fn find(&mut self, path: &str, own_crate: &str, features: &[Feature]) {
        let (head, arguments) = parts(path);
        let of = crate_of(head);
        let is_named = head.contains("::");
        if is_named && of == own_crate {
            let name = without_paths(head);
            if !self.own.contains(&name) {
                self.own.push(name);
            }
        } else if is_named && !DESCRIBED.contains(&of) {
            let name = without_paths(head);
            let describes = |feature: &&Feature| feature.of == of && feature.types.contains(&name.as_str());
            let Some(feature) = features.iter().find(describes) else {
                // A derive on the types that it contains would not help.
                return self.foreign.push(path.to_owned());
            };
            let lacking = (name, feature.name);
            if !feature.is_on && !self.features.contains(&lacking) {
                self.features.push(lacking);
            }
        }
        for argument in arguments {
            self.find(argument, own_crate, features);
        }
    }
}

/// A path, and its generic arguments.
fn parts(path: &str) -> (&str, Vec<&str>) {
    let path = path.trim_start_matches('&').trim_start_matches("mut ");
    let Some(open) = path.find(['<', '(', '[']) else { return (path, Vec::new()) };
    let inner = path[open + 1..].strip_suffix(['>', ')', ']']).unwrap_or_default();
    let (mut arguments, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, letter) in inner.char_indices() {
        match letter {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' | ';' if depth == 0 => {
                arguments.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(inner[start..].trim());
    (&path[..open], arguments)
}

fn crate_of(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::any::type_name;

    use super::*;

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum All {
        On,
        Off,
    }

    /// What `path` lacks in a program with all features, or with none.
    fn lacking(path: &str, all: All) -> Lacking {
        let is_on = all == All::On;
        let features: Vec<Feature> = FEATURES.iter().map(|feature| Feature { is_on, ..*feature }).collect();
        let mut lacking = Lacking::default();
        lacking.find(path, "bank", &features);
        lacking
    }

    #[test]
    fn a_type_that_a_feature_describes_is_listed_with_the_feature() {
        let paths = [
            type_name::<bigdecimal::BigDecimal>(),
            type_name::<bytes::Bytes>(),
            type_name::<bytes::BytesMut>(),
            type_name::<chrono::DateTime<chrono::Utc>>(),
            type_name::<chrono::NaiveDateTime>(),
            type_name::<chrono::NaiveDate>(),
            type_name::<chrono::NaiveTime>(),
            type_name::<chrono::Month>(),
            type_name::<chrono::Weekday>(),
            type_name::<indexmap::IndexMap<String, u8>>(),
            type_name::<indexmap::IndexSet<u8>>(),
            type_name::<ordered_float::OrderedFloat<f64>>(),
            type_name::<ordered_float::NotNan<f64>>(),
            type_name::<rust_decimal::Decimal>(),
            type_name::<smallvec::SmallVec<[u8; 4]>>(),
            type_name::<url::Url>(),
        ];
        let all: Vec<_> =
            FEATURES.iter().flat_map(|of| of.types.iter().map(|ty| ((*ty).to_owned(), of.name))).collect();
        let advice: Vec<_> = paths.iter().flat_map(|path| lacking(path, All::Off).features).collect();
        assert_eq!(advice, all);
        assert!(paths.iter().all(|path| lacking(path, All::On).features.is_empty()));
    }

    #[test]
    fn arguments_of_such_a_type_are_listed_as_well() {
        let path = "indexmap::map::IndexMap<alloc::string::String, smallvec::SmallVec<[bank::Item; 4]>>";
        let off = lacking(path, All::Off);
        assert_eq!(off.own, ["Item"]);
        assert_eq!(
            off.features,
            [("IndexMap", "indexmap"), ("SmallVec", "smallvec")].map(|(ty, of)| (ty.to_owned(), of))
        );
        let on = lacking(path, All::On);
        assert_eq!((on.own, on.features), (vec!["Item".to_owned()], vec![]));
        assert_eq!(lacking("url::host::Host", All::On).foreign, ["url::host::Host"]);
    }

    #[test]
    fn the_advice_is_to_enable_the_feature() {
        let advice = advice(&lacking("url::Url", All::Off));
        assert!(
            advice.starts_with("`Url` has a shape with the feature `url` of es-core: enable it. Or declare"),
            "{advice}"
        );
    }
}
