// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
const multipliers: Record<string, number> = {
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

const form = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;

/** A Kubernetes quantity (`250m`, `1.5Gi`, `2e3`) in its base unit: cores, bytes, pieces. Throws on anything else. */
export function parseQuantity(text: string | number): number {
  if (typeof text === 'number') return text;
  const match = form.exec(text);
  if (!match) throw new TypeError(`"${text}" is not a Kubernetes quantity such as 500m, 2 or 1Gi`);
  const [, digits = '', exponent = '', suffix = ''] = match;
  return Number(digits + exponent) * (multipliers[suffix] ?? 1);
}

/** CPU in thousandths of a core, rounded up as the scheduler does. */
export function cpuMillis(text: string | number): number {
  return roundUp(parseQuantity(text) * 1000);
}

/** Memory or storage in bytes, rounded up. */
export function memoryBytes(text: string | number): number {
  return roundUp(parseQuantity(text));
}

/** `1500` → `1500m`, `2000` → `2`. */
export function formatCpu(millis: number): string {
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

/** The largest binary unit that keeps the number whole: `1073741824` → `1Gi`. */
export function formatMemory(bytes: number): string {
  for (const unit of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
    const size = multipliers[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

// Floating point makes 0.1 × 3 cores 300.00000000000006 thousandths, which must not become 301.
function roundUp(value: number): number {
  return Math.ceil(Number(value.toPrecision(15)));
}
