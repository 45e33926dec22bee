import type { DBAdapterInstance } from 'better-auth/types';

type Row = Record<string, unknown>;
type Where = { field: string; value: unknown };

const codeFields = ['deviceCode', 'userCode'];

/**
 * Keeps the codes of the device flow hashed, which better-auth has no option for: it writes and looks up codes as
 * they are, and sees them as they are in what comes back.
 */
export function withHashedCodes(make: DBAdapterInstance, hash: (code: string) => string): DBAdapterInstance {
  return (options) => {
    const adapter = make(options);
    const wrapped = {
      ...adapter,
      async create(input: { model: string; data: Row }) {
        const { model, data } = input;
        if (model !== 'deviceCode') return adapter.create(input as never);
        const row = await adapter.create({ ...input, data: mapCodes(data, hash) } as never);
        return { ...(row as Row), ...pickCodes(data) };
      },
      async findOne(input: { model: string; where: Where[] }) {
        const { model, where } = input;
        if (model !== 'deviceCode') return adapter.findOne(input as never);
        const hashed = where.map((each) =>
          codeFields.includes(each.field) ? { ...each, value: hash(String(each.value)) } : each,
        );
        const row = await adapter.findOne({ ...input, where: hashed } as never);
        if (row === null) return null;
        const asked = Object.fromEntries(where.map(({ field, value }) => [field, value]));
        return { ...(row as Row), ...pickCodes(asked) };
      },
    };
    return wrapped as typeof adapter;
  };
}

const pickCodes = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([field]) => codeFields.includes(field)));

const mapCodes = (row: Row, hash: (code: string) => string): Row =>
  Object.fromEntries(
    Object.entries(row).map(([field, value]) => [
      field,
      codeFields.includes(field) && typeof value === 'string' ? hash(value) : value,
    ]),
  );
