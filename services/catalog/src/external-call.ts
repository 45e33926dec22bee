/** What tests do to calls to the outside: cut the work after one, or make each of them twice. */
export type ExternalCallFaults = {
  /** Called with a name such as `repository.index`; what it throws is a crash at that moment. */
  afterExternalCall?: ((name: string) => Promise<void> | void) | undefined;
  repeatExternalCalls?: boolean | undefined;
};

/** Every call that leaves the service goes through here, with its name. */
export type ExternalCall = <T>(name: string, call: () => Promise<T>) => Promise<T>;

export function externalCalls(faults: ExternalCallFaults): ExternalCall {
  return async (name, call) => {
    if (faults.repeatExternalCalls === true) await call();
    const result = await call();
    await faults.afterExternalCall?.(name);
    return result;
  };
}
