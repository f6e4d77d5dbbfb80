//! The standard's envelope, signature, encryption and answer, held against published vectors and against generated input.

mod primitives;
mod requests;
mod responses;
mod spelling;
mod vectors;
