const suffixes: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** `500m` → 0.5, `1Gi` → 1073741824; NaN when it is no quantity. */
export function quantity(text: string): number {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text);
  if (!match) return Number.NaN;
  return Number(match[1]) * (suffixes[match[2] ?? ''] ?? Number.NaN);
}

/** A sum as Kubernetes prints it: whole numbers, `m` below one, `Ki`/`Mi`/`Gi` where they divide. */
export function quantityText(value: number, like: string): string {
  if (like.endsWith('i')) {
    for (const unit of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
      const size = suffixes[unit] ?? 1;
      if (value >= size && Number.isInteger(value / size)) return `${value / size}${unit}`;
    }
  }
  const rounded = Math.round(value * 1000) / 1000;
  return Number.isInteger(rounded) ? `${rounded}` : `${Math.ceil(value * 1000)}m`;
}
