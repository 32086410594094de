/** Rows of the model `Sample`, of ten columns. */
export function samples(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    sensor: `sensor-${index % 97}`,
    place: index % 3 === 0 ? null : `place ${index}`,
    at: new Date(1_700_000_000_000 + index),
    value: index / 7,
    exact: `${index}.25`,
    counter: BigInt(index),
    isValid: index % 2 === 0,
    extra: { index, list: [1, 2, 3] },
  }));
}
