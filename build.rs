//! Compiles `proto/` without protoc and leaves the descriptor set beside the code, for reflection and the JSON twin.

use std::path::PathBuf;
use std::{env, error::Error, fs};

use prost::Message as _;

const FILES: [&str; 4] = [
    "firstline/v1/reason.proto",
    "firstline/v1/ticket.proto",
    "firstline/v1/triage.proto",
    "firstline/v1/desk.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed=proto/{file}");
    }
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let descriptors = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .codec_path("crate::proto::Codec")
        .btree_map(".")
        .boxed(".firstline.v1.ConverseResponse.frame.decision")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}
