//! Compiles the contract: stubs for every service, and the descriptors with the policy options kept in them.
use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    for file in protos(Path::new("proto/outrigger"))? {
        compiler.open_file(file.strip_prefix("proto")?)?;
    }
    let stubs = compiler.file_descriptor_set();
    // The encoded set keeps custom options; the decoded one, made for code generation, silently drops them.
    // Source positions are for the stubs' documentation only and would bloat the program.
    compiler.include_source_info(false);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .extern_path(".outrigger.policy.v1", "::policy::v1")
        .include_file("all.rs")
        .compile_fds(stubs)?;
    Ok(())
}

/// Every `.proto` below `folder`, in a stable order.
fn protos(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(protos(&path)?);
        } else if path.extension().is_some_and(|e| e == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
