//! Stills and sequences from other encoders.
