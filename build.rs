//! Compiles `proto/` without protoc and leaves the descriptor set beside the code, for reflection and the JSON twin; and
//! tells `release` by a number which code this is, so that no fit and no certificate of other code is taken for its own.

use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

use prost::Message as _;

const FILES: [&str; 5] = [
    "firstline/v1/reason.proto",
    "firstline/v1/ticket.proto",
    "firstline/v1/triage.proto",
    "firstline/v1/work.proto",
    "firstline/v1/desk.proto",
];

/// All that can change a decision beside its data: the rooms that take part in one, and the libraries they call.
const DECIDING: [&str; 8] = [
    "src/text",
    "src/encoder",
    "src/intent",
    "src/knowledge",
    "src/decision",
    "src/release",
    "src/triage",
    "Cargo.lock",
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
        .boxed(".firstline.v1.ConverseResponse.frame.ticket")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(descriptors, config)?;
    let rules = rules()?;
    println!("cargo:rustc-env=FIRSTLINE_RULES={rules}");
    Ok(())
}

/// A fingerprint of the code that decides: nobody has to remember a version number when a rule changes.
fn rules() -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    for path in DECIDING {
        println!("cargo:rerun-if-changed={path}");
        collect(Path::new(path), &mut files)?;
    }
    files.sort();
    let mut sum = 0xcbf2_9ce4_8422_2325_u64; // FNV-1a: it tells builds apart, it guards nothing
    for file in files {
        let path = file.display().to_string().replace('\\', "/");
        for byte in path.bytes().chain(fs::read(&file)?) {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(format!("{sum:016x}"))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.extend((!path.ends_with("tests.rs")).then(|| path.to_owned()));
        return Ok(());
    }
    fs::read_dir(path)?.try_for_each(|entry| collect(&entry?.path(), files))
}
