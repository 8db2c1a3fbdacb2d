//! Compiles `proto/` without protoc and leaves the descriptor set beside the code, for reflection and the JSON twin; and
//! tells `release::kept` by a number which code this is, so that nothing is taken for the fit of other code.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs, io};

use prost::Message as _;

const FILES: [&str; 4] = [
    "firstline/v1/reason.proto",
    "firstline/v1/ticket.proto",
    "firstline/v1/triage.proto",
    "firstline/v1/desk.proto",
];

/// All that a fit depends on beside its data: the rooms that take part in one, and the libraries they call.
const FITTING: [&str; 6] =
    ["src/text", "src/intent", "src/knowledge", "src/decision", "src/release", "Cargo.lock"];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed=proto/{file}");
    }
    name_fitting_code()?;
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

fn name_fitting_code() -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    for path in FITTING {
        println!("cargo:rerun-if-changed={path}");
        hash(Path::new(path), &mut hasher)?;
    }
    println!("cargo:rustc-env=FIRSTLINE_FITTING_CODE={:016x}", hasher.finish());
    Ok(())
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if path.is_dir() {
        let mut inside: Vec<_> = fs::read_dir(path)?.collect::<Result<_, _>>()?;
        inside.sort_by_key(fs::DirEntry::file_name);
        return inside.iter().try_for_each(|entry| hash(&entry.path(), hasher));
    }
    (path, fs::read(path)?).hash(hasher);
    Ok(())
}
