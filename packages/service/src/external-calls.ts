/** Runs one call that leaves the service; its name is such as `stripe.paymentIntents.capture`. */
export type ExternalCalls = <T>(name: string, call: () => Promise<T>) => Promise<T>;

/** Faults for tests: a crash after a call (`afterExternalCall` throws), or every call made twice. */
export type ExternalCallHooks = {
  afterExternalCall?: (name: string) => Promise<void> | void;
  repeatExternalCalls?: boolean;
};

/** Makes the one way out of a service. */
export function externalCalls(hooks: ExternalCallHooks = {}): ExternalCalls {
  return async (name, call) => {
    let result = await call();
    if (hooks.repeatExternalCalls) result = await call();
    await hooks.afterExternalCall?.(name);
    return result;
  };
}

type Methods = Record<string, (...args: never[]) => unknown>;

/** A port whose named methods go through `call` as `<system>.<method>`; the others are as they were. */
export function throughCalls<P extends object>(
  port: P,
  system: string,
  methods: readonly (keyof P & string)[],
  call: ExternalCalls,
): P {
  const wrapped: Methods = {};
  for (const name of methods) {
    const method = (port as unknown as Methods)[name];
    if (method) {
      wrapped[name] = (...args) => call(`${system}.${name}`, () => Promise.resolve(method.apply(port, args)));
    }
  }
  return { ...port, ...(wrapped as unknown as Partial<P>) };
}
