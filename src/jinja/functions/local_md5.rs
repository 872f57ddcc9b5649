//! `local_md5('text')`.

use md5::{Digest, Md5};
use minijinja::Environment;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("local_md5", |text: String| {
        Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    });
}
