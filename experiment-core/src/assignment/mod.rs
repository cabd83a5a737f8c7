//! Who gets which offer.
