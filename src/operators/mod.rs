//! Operators and aggregate functions of our own, for work that the engine's general ones do slowly, and the rules that
//! put them in place. Each operator gives exactly the rows that the one it replaces would give.

mod count_true;
mod holds;
mod kept_types;
mod known_keys;
mod known_texts;
mod may_repeat;
mod plain_equations;
mod rises;
mod row_bytes;
mod segmented_window;
mod shared_windows;

pub use count_true::count_true;
pub use holds::holds;
pub use kept_types::KeptTypes;
pub use known_keys::KnownKeys;
pub use may_repeat::{can_tell_apart, may_repeat};
pub use plain_equations::PlainEquations;
pub use rises::rises;
pub use row_bytes::{row_bytes, row_converter};
pub use segmented_window::SegmentedWindows;
pub use shared_windows::SharedWindows;
