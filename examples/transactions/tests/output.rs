//! What the programs print, and that the page shows how one of them is tested.

use std::process::Command;

fn printed(program: &str) -> String {
    let output = Command::new(program).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_transfer_is_made_once_and_within_the_limit() {
    let wanted = "300 left, 2 streams written\n\
                  300 left, repeated: true\n\
                  301: the limit is 300 cents\n\
                  400: only 300 cents available\n\
                  B-4 has 200\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_transaction")), wanted);
}

#[test]
fn an_address_belongs_to_one_customer_until_it_is_released() {
    let wanted = "ann@example.org is taken by customer 1\n\
                  ann@example.org: Some(2)\n\
                  ann@example.com: None\n\
                  there is no customer 1\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_unique")), wanted);
}

#[test]
fn the_page_shows_how_a_transaction_is_tested() {
    let program = include_str!("../src/bin/transaction.rs");
    let module = program.split("mod tests {\n    use super::*;\n\n").nth(1).expect("a test");
    let lines = module.strip_suffix("}\n").expect("the end of the module").lines();
    let test: Vec<_> = lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let test = test.join("\n");
    let page = include_str!("../../../docs/transactions.md");
    assert!(page.contains(&format!("```rust\n{test}\n```\n")), "docs/transactions.md should show:\n{test}");
}
