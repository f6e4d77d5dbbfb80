//! The model and the verdict, without servers.
