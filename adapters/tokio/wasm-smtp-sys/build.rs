//! Compiles the engine: the project's C sources, to which `c/` has links; in the packaged crate its
//! two-file form (tools/amalgamate.mjs), in `c/amalgamated`.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Switches of `features.h` by cargo feature.
const SWITCHES: [(&str, &str); 4] = [
    ("CARGO_FEATURE_SCRAM", "WSMTP_FEATURE_SCRAM"),
    ("CARGO_FEATURE_OAUTH", "WSMTP_FEATURE_OAUTH"),
    ("CARGO_FEATURE_CRAM_MD5", "WSMTP_FEATURE_CRAM_MD5"),
    ("CARGO_FEATURE_SMTPUTF8", "WSMTP_FEATURE_SMTPUTF8"),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
    files
}

fn main() {
    let c = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("c");
    let mut build = cc::Build::new();
    build.std("c11").file(c.join("sizes.c"));
    build.warnings(true).extra_warnings(true).opt_level(3);
    let beside = c.join("engine").is_dir();
    let include = c.join(if beside { "include" } else { "amalgamated" });
    build.include(&include);
    if beside {
        for folder in ["engine", "sasl"] {
            build.include(c.join(folder)).files(sources(&c.join(folder)));
            println!("cargo:rerun-if-changed={}", c.join(folder).display());
        }
    } else {
        build.file(include.join("wsmtp.c")).define("WSMTP_AMALGAMATED", None);
    }
    for (feature, switch) in SWITCHES {
        println!("cargo:rerun-if-env-changed={feature}");
        build.define(switch, if env::var_os(feature).is_some() { "1" } else { "0" });
    }
    println!("cargo:rerun-if-changed={}", include.display());
    println!("cargo:rerun-if-changed={}", c.join("sizes.c").display());
    // DEP_WSMTP_INCLUDE for crates that add C of their own.
    println!("cargo:include={}", include.display());
    build.compile("wsmtp");
}
