//! What several benches need: a server in a process of its own, and a client that offers it load.

pub mod load;
pub mod process;
