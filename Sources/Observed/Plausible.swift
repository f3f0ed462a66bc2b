// A bound for numbers that come from outside.

/// No machine has this many Gs, timers or descriptors: a region that claims so is damaged. Sums of numbers below it
/// cannot overflow.
package let plausible = 1 << 40
