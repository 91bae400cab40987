//! Compiles the option types of `outrigger.policy.v1`, which this crate owns. No protoc needed.
use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = PathBuf::from("../../proto");
    println!("cargo:rerun-if-changed={}", proto.join("outrigger/policy").display());
    let mut compiler = protox::Compiler::new([&proto])?;
    compiler.include_imports(true).open_file("outrigger/policy/v1/policy.proto")?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    std::fs::write(out.join("policy.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(false)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
