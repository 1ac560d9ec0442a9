//! What the manifests guarantee about versions.

use std::process::Command;

use serde_json::Value;

/// The manifests of the workspace, as cargo reads them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    metadata["packages"].as_array().expect("lists packages").clone()
}

#[test]
fn es_core_takes_exactly_its_own_version_of_the_macros() {
    let packages = packages();
    let version = |name: &str| {
        let package = packages.iter().find(|package| package["name"] == name).expect("is a package");
        package["version"].as_str().expect("has a version").to_owned()
    };
    assert_eq!(version("es-core"), version("es-macros"));
    let exact = format!("={}", version("es-macros"));
    for package in &packages {
        let dependencies = package["dependencies"].as_array().expect("lists dependencies");
        for dependency in dependencies.iter().filter(|dependency| dependency["name"] == "es-macros") {
            assert_eq!(dependency["req"], exact.as_str(), "{}", package["name"]);
        }
    }
}

#[test]
fn the_versions_match_without_the_feature_as_well() {
    let packages = packages();
    let es_core = packages.iter().find(|package| package["name"] == "es-core").expect("is a package");
    let dependencies = es_core["dependencies"].as_array().expect("lists dependencies");
    let macros: Vec<_> = dependencies.iter().filter(|dependency| dependency["name"] == "es-macros").collect();
    let always = macros.iter().any(|dependency| {
        dependency["optional"] == false
            && dependency["target"] == "cfg(any())"
            && dependency["kind"].is_null()
    });
    assert!(always, "{macros:?}");
}
