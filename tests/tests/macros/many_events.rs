//! An aggregate of very many events with similar names compiles without a lint: constant evaluation in
//! generated code must not grow with the number of pairs of events, as the compiler stops it after two
//! million steps (`long_running_const_eval`).

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use es_tests::generated::check;

const EVENTS: usize = 1_000;

/// The names differ only in the middle. Some have a former name.
fn source() -> String {
    let (before, behind) =
        ("company.department.consumer-lending.applications.step-", ".was-taken-by-the-clerk");
    let mut source = String::from("pub mod events {\n");
    for event in 0..EVENTS {
        let was =
            if event % 10 == 0 { format!(", was(\"{before}old-{event}{behind}\")") } else { String::new() };
        let _ = writeln!(
            source,
            "#[es_core::event(name = \"{before}{event}{behind}\"{was})] pub struct Step{event};"
        );
    }
    source.push_str("}\n");
    let list: String = (0..EVENTS).map(|event| format!("events::Step{event}, ")).collect();
    let _ = writeln!(
        source,
        "#[derive(Default, es_core::Aggregate)]\n#[aggregate(name = \"application\", events({list}))]\n\
         pub struct Application(u64);\n\
         impl<E: es_core::Event> es_core::Apply<E> for Application {{ fn apply(&mut self, _: E) {{ self.0 += 1; }} }}\n\
         #[derive(es_core::projection::Projection)]\n#[projection(name = \"steps\", events({list}), model = u64)]\n\
         pub struct Steps;\n\
         impl<E: es_core::Event> es_core::projection::Project<E> for Steps {{\n\
         async fn project(&self, _: &es_core::Recorded<E>, model: &mut u64) -> Result<(), es_core::record::BoxError> {{\n\
         *model += 1; Ok(()) }} }}\n\
         fn main() {{}}"
    );
    source
}

#[test]
fn an_aggregate_and_a_projection_of_a_thousand_events_compile_without_a_lint() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("many_events");
    fs::create_dir_all(&folder).expect("a folder is made");
    fs::write(folder.join("main.rs"), source()).expect("a program is written");
    let said = check(&folder);
    assert!(said.is_empty(), "{}", said.join("\n"));
}
