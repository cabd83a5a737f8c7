//! Behaviour of the server and its command line, a module an area.

mod store;
