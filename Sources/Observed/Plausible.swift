// What no machine has.

/// More Gs, timers or descriptors than this no machine has: a region that claims them is damaged. Sums of such
/// numbers cannot overflow.
package let plausible = 1 << 40
