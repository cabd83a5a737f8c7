//! From one customer history to exact sums.
