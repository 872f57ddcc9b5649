//! Physical operators of our own, for work that the engine's general ones do slowly, and the rules that put them in
//! place. Each gives exactly the rows that the operator it replaces would give.

mod segmented_window;

pub use segmented_window::SegmentedWindows;
