/** The value that a share of the values, in [0, 1), lies below; NaN where there are none. */
export function quantile(values: ArrayLike<number>, share: number): number {
  return Float64Array.from(values).toSorted()[Math.floor(values.length * share)] ?? Number.NaN;
}
